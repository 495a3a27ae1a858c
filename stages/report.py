"""Show labels, duplicates, balance and the labelling queue on pages with the images.

Reads: the tables and inputs that the pages in golgoru/site/pages name as their arguments.
Writes: reports/site/, one HTML file per page. The pages inform people; no stage reads them.
"""

from typing import Any, NamedTuple

from golgoru.core.yaml_models import ConfigModel
from golgoru.shell import run_stage
from golgoru.site.build import build_site, with_page_arguments


class Params(ConfigModel):
    """No settings: stage dedup's block says what counts as a duplicate."""


class Tables(NamedTuple):
    """What the stage writes."""

    pages: dict[str, bytes]
    metrics: dict[str, Any]


@with_page_arguments
def transform(*, params: Params, **inputs: Any) -> Tables:
    """Return the pages and their metrics. Raises UserError where an image has changed since fingerprint read it."""
    del params
    site = build_site(inputs)
    return Tables(site.pages, site.metrics)


if __name__ == "__main__":
    run_stage(transform)

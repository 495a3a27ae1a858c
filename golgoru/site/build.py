"""The site: all pages, wired by the signatures of their functions."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from golgoru.site import pages
from golgoru.site.page import render_page
from golgoru.site.pages import PAGES
from golgoru.tables.columns import given_columns, is_table, united

_Transform = TypeVar("_Transform", bound=Callable[..., Any])


class Site(NamedTuple):
    """The pages as HTML by file name, and their metrics by page."""

    pages: dict[str, bytes]
    metrics: dict[str, Any]


def with_page_arguments(transform: _Transform) -> _Transform:
    """Give `transform(*, params, **inputs)` the signature that asks for the arguments of every page, each once.

    The shell, the contract test and `dataset check --write` read signatures, so a new page needs no further wiring.
    """
    own = inspect.signature(transform).parameters["params"]
    signature = inspect.Signature([*page_arguments().values(), own])
    transform.__signature__ = signature  # type: ignore[attr-defined]
    return transform


def page_arguments() -> dict[str, inspect.Parameter]:
    """Return the arguments of all pages by name; of a table the columns that any of them names.

    Raises TypeError where two pages declare one of different types.
    """
    arguments: dict[str, inspect.Parameter] = {}
    for name, page in PAGES.items():
        for argument in inspect.signature(page).parameters.values():
            known = arguments.setdefault(argument.name, argument)
            both = (known.annotation, argument.annotation)
            of_one_type = both[0] == both[1] or all(map(is_table, both))
            if argument.kind != inspect.Parameter.KEYWORD_ONLY or not of_one_type:
                raise TypeError(f"page {name}: `{argument.name}` must be keyword-only, and of one type on every page")
            if both[0] != both[1]:
                arguments[argument.name] = known.replace(annotation=united(*both))
    return arguments


def build_site(inputs: Mapping[str, Any]) -> Site:
    """Return the site; `inputs` are the tables and inputs that the pages name as arguments."""
    html, metrics = {}, {}
    for name, page in PAGES.items():
        shown = page(**{
            argument.name: given_columns(inputs[argument.name], argument.annotation)
            for argument in inspect.signature(page).parameters.values()
        })  # fmt: skip
        template = Path(pages.__file__).with_name(f"{name}.html.j2")
        html[f"{name}.html"] = render_page(template, {**shown.content, "page": name, "site_pages": [*PAGES]})
        metrics[name] = dict(shown.metrics)
    return Site(html, metrics)

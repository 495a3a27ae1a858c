"""All that `dataset check` checks and writes. A finding says `file:line: what is wrong, what was expected, what to do`.

The stages are imported, to load their blocks of params.yaml, in golgoru/wiring alone.
"""

from golgoru.cli.check import known_good
from golgoru.cli.check.data import data_findings
from golgoru.cli.check.guideline import guideline_findings
from golgoru.cli.common.repository import Pipeline, read_pipeline
from golgoru.core import paths
from golgoru.core.files import write_bytes
from golgoru.guideline.rules import read_rules
from golgoru.validation.suites import suite_files


def check_findings() -> list[str]:
    """Return every finding. Raises UserError where dvc.yaml itself cannot be read."""
    pipeline = read_pipeline()
    findings = [*_code_findings(pipeline), *guideline_findings(pipeline), *data_findings(pipeline)]
    return list(dict.fromkeys(findings))


def _code_findings(pipeline: Pipeline) -> list[str]:
    """Return the findings on settings and stages, without looking where both are as when nothing was found."""
    digest = known_good.code_digest()
    if known_good.is_known_good(known_good.CODE, digest):
        return []
    from golgoru.cli.check.settings import settings_findings
    from golgoru.wiring.dvc_yaml import wiring_findings

    findings = [*settings_findings(pipeline), *wiring_findings()]
    if not findings:
        known_good.remember_good(known_good.CODE, digest)
    return findings


def write_generated() -> list[str]:
    """Write dvc.yaml from the stages and the suites from the rules, and return the names of the files that changed."""
    from golgoru.wiring.dvc_yaml import write_dvc_yaml

    written = [paths.DVC.as_posix()] if write_dvc_yaml() else []
    for file, content in suite_files(read_rules(paths.RULES)).items():
        if not file.exists() or file.read_bytes() != content:
            write_bytes(file, content)
            written.append(file.as_posix())
    return written

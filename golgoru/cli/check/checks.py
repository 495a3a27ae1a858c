"""All that `dataset check` checks and writes. A finding says `file:line: what is wrong, what was expected, what to do`.

The stages are imported, to load their blocks of params.yaml, in golgoru/wiring alone.
"""

from golgoru.cli.check.data import data_findings
from golgoru.cli.check.guideline import guideline_findings
from golgoru.cli.check.settings import settings_findings
from golgoru.cli.common.repository import read_pipeline
from golgoru.core import paths
from golgoru.core.files import write_bytes
from golgoru.guideline.rules import read_rules
from golgoru.validation.suites import suite_files
from golgoru.wiring.dvc_yaml import wiring_findings, write_dvc_yaml


def check_findings() -> list[str]:
    """Return every finding. Raises UserError where dvc.yaml itself cannot be read."""
    pipeline = read_pipeline()
    findings = [
        *settings_findings(pipeline),
        *wiring_findings(),
        *guideline_findings(pipeline),
        *data_findings(pipeline),
    ]
    return list(dict.fromkeys(findings))


def write_generated() -> list[str]:
    """Write dvc.yaml from the stages and the suites from the rules, and return the names of the files that changed."""
    written = [paths.DVC.as_posix()] if write_dvc_yaml() else []
    for file, content in suite_files(read_rules(paths.RULES)).items():
        if not file.exists() or file.read_bytes() != content:
            write_bytes(file, content)
            written.append(file.as_posix())
    return written

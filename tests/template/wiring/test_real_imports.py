"""What Python really imports for a stage is among what dvc.yaml names: the closure is read from sources alone."""

import json
import os
import subprocess
import sys

import pytest

from golgoru.core.yaml_models import parse_yaml
from tests.template.builders.clones import TOP, template_stages

STAGES = parse_yaml(TOP / "dvc.yaml")[1]["stages"]
LOADED = "import json, sys, stages.{}; print(json.dumps([name for name in sys.modules if name.startswith('golgoru.')]))"


@pytest.mark.parametrize("stage", [stage for stage in template_stages() if stage in STAGES])
def test_every_package_that_is_loaded_is_a_dependency(stage):
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(stage)],
        cwd=TOP, env=os.environ | {"PYTHONPATH": str(TOP)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    parts = {name.split(".")[1] for name in json.loads(done.stdout)}
    named = {dep.removeprefix("golgoru/").removesuffix(".py") for dep in STAGES[stage]["deps"] if "golgoru/" in dep}
    assert parts <= named


def test_an_edit_of_a_page_or_a_command_reruns_nothing_but_the_pages():
    on_pages = [stage for stage, block in STAGES.items() if "golgoru/site" in block["deps"]]
    assert set(on_pages) & set(template_stages()) == {"report"}
    named = {dep for block in STAGES.values() for dep in block["deps"]}
    assert not named & {"golgoru", "golgoru/cli", "golgoru/wiring"}

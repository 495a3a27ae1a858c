"""What Python really imports for a stage is among what dvc.yaml names: the closure is read from sources alone."""

import json
import os
import subprocess
import sys

import pytest

from golgoru.core.yaml_models import parse_yaml
from tests.template.builders.clones import TOP, template_stages

STAGES = parse_yaml(TOP / "dvc.yaml")[1]["stages"]
# Each stage in a child of its own; before, the parent imports what stages load that is not ours, which takes seconds.
LOADED = """
import contextlib, importlib, json, os, sys

def loaded_in_a_child(stages):
    inlet, outlet = os.pipe()
    if not os.fork():
        for stage in stages:
            importlib.import_module(f"stages.{stage}")
        with open(outlet, "w") as file:
            json.dump(list(sys.modules), file)
        os._exit(0)
    os.close(outlet)
    with open(inlet) as file:
        return json.load(file)

stages = sys.argv[1:]
for name in loaded_in_a_child(stages):
    if not name.startswith(("golgoru", "stages")):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
assert not [name for name in sys.modules if name.startswith(("golgoru", "stages"))]
for stage in stages:
    ours = [name for name in loaded_in_a_child([stage]) if name.startswith("golgoru.")]
    print(json.dumps([stage, ours]))
"""


@pytest.fixture(scope="module")
def loaded():
    """Return the modules of the engine that each stage loads."""
    stages = [stage for stage in template_stages() if stage in STAGES]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *stages],
        cwd=TOP, env=os.environ | {"PYTHONPATH": str(TOP)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.parametrize("stage", [stage for stage in template_stages() if stage in STAGES])
def test_every_package_that_is_loaded_is_a_dependency(stage, loaded):
    parts = {name.split(".")[1] for name in loaded[stage]}
    assert parts  # the shell at least
    named = {dep.removeprefix("golgoru/").removesuffix(".py") for dep in STAGES[stage]["deps"] if "golgoru/" in dep}
    assert parts <= named


def test_an_edit_of_a_page_or_a_command_reruns_nothing_but_the_pages():
    on_pages = [stage for stage, block in STAGES.items() if "golgoru/site" in block["deps"]]
    assert set(on_pages) & set(template_stages()) == {"report"}
    named = {dep for block in STAGES.values() for dep in block["deps"]}
    assert not named & {"golgoru", "golgoru/cli", "golgoru/wiring"}

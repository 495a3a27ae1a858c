"""README and docs/layout.md list what the code has, in the code's own words."""

import ast
import inspect
import re
from itertools import pairwise
from pathlib import Path

import pytest

from golgoru.cli.common.repository import stage_outputs
from golgoru.cli.main import app
from golgoru.core import paths
from golgoru.core.yaml_models import parse_yaml
from tests.template.builders.frozen import TOP, template_stages
from tests.test_contract import LAYERS

README = (TOP / "README.md").read_text("utf-8")
LAYOUT = (TOP / "docs/layout.md").read_text("utf-8")
BLOCKS = {
    stage: block for stage, block in parse_yaml(TOP / paths.DVC)[1]["stages"].items() if stage in template_stages()
}
# What the picture shows beside the stages, and the dependency that it stands for.
SOURCES = {"deliveries": paths.DELIVERIES, "batches": paths.BATCHES, "guideline": paths.RULES}


def first_line(file: Path) -> str:
    return (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").partition("\n")[0]


def rows(page: str, first_column: str) -> dict[str, str]:
    """Return the rows of the table whose first column has this title: the code in the first cell, and the last cell."""
    table = re.search(rf"^\| {first_column} \|.*\n\| --- .*\n((?:\|.*\n)+)", page, flags=re.MULTILINE)
    assert table, f"there is no table '{first_column}'"
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[1].splitlines()]
    return {first.strip("` "): last for first, *_, last in cells}


def test_readme_lists_every_stage_in_the_order_of_dvc_yaml():
    assert list(rows(README, "stage")) == list(BLOCKS)


@pytest.mark.parametrize("stage", BLOCKS)
def test_readme_describes_a_stage_as_dvc_yaml_does(stage):
    assert rows(README, "stage")[stage].startswith(BLOCKS[stage]["desc"]), (
        f"README.md: | `{stage}` | {BLOCKS[stage]['desc']} |"
    )


def edges() -> list[tuple[str, str]]:
    """Return what the picture of the README connects."""
    (picture,) = re.findall(r"^```mermaid\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    chains = [re.split(r"\s*-\.?->\s*", line.strip()) for line in picture.splitlines() if "->" in line]
    names = [[re.sub(r"\[.*\]", "", node) for node in chain] for chain in chains]
    return [edge for chain in names for edge in pairwise(chain)]


@pytest.mark.parametrize("edge", edges(), ids=" to ".join)
def test_every_arrow_of_the_picture_is_a_dependency(edge):
    above, below = edge
    written = [SOURCES[above].as_posix()] if above in SOURCES else stage_outputs(BLOCKS[above])
    needed = BLOCKS[below]["deps"]
    assert any(dep == path or dep.startswith(f"{path}/") for path in written for dep in needed)


def test_the_picture_shows_every_stage():
    # The example makes its own deliveries and batches.
    assert {node for edge in edges() for node in edge} == set(BLOCKS) - {"example"} | set(SOURCES)


def test_layout_lists_every_package_of_the_engine_in_the_order_of_the_layers():
    there = [name for name in LAYERS if list((TOP / "golgoru").glob(f"{name}/__init__.py"))]
    expected = {
        **{f"{name}/": first_line(TOP / "golgoru" / name / "__init__.py") for name in there},
        **{file.name: first_line(file) for file in (TOP / "golgoru").glob("[!_]*.py")},
    }
    assert rows(LAYOUT, "package") == expected, "\n".join(f"| `{name}` | {text} |" for name, text in expected.items())
    assert [name.removesuffix("/").removesuffix(".py") for name in rows(LAYOUT, "package")] == [
        name for name in LAYERS if name in there or (TOP / "golgoru" / f"{name}.py").exists()
    ]


def test_layout_lists_every_command():
    expected = {
        f"dataset {command.name}": (inspect.getdoc(command.callback) or "").partition("\n")[0]
        for command in app.registered_commands
    }
    assert rows(LAYOUT, "command") == expected, "\n".join(f"| `{name}` | {text} |" for name, text in expected.items())


@pytest.mark.parametrize("page", ["README.md", "docs/layout.md"])
def test_every_path_that_a_page_names_is_there(page):
    text = (TOP / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s:]+)\)", text):
        assert ((TOP / page).parent / target).exists(), f"{page} leads to {target}"
    for name in re.findall(r"`((?:golgoru|stages|tests|docs|guidelines|expectations|benchmarks)/[\w/.]*)`", text):
        if "NAME" not in name and name != "expectations/baseline.yaml":
            assert (TOP / name).exists(), f"{page} names {name}"

"""What docs/layout.md says under "What to touch": each is done once, in a repository that `dataset new` began."""

import re
import shutil
import sys

import pytest

from golgoru.tables import frames
from tests.template.builders import clones, scratch_repository

STAGE = '''"""Find the longer side of every image.

Reads: images.
Writes: `longer_sides`, one row per image.
"""

from typing import Any, NamedTuple

import pandas as pd

from golgoru.core.yaml_models import ConfigModel
from golgoru.shell import run_stage
from golgoru.tables import frames


class Params(ConfigModel):
    """No settings."""


class Tables(NamedTuple):
    """What the stage writes."""

    longer_sides: pd.DataFrame
    metrics: dict[str, Any]


def transform(images: pd.DataFrame, params: Params) -> Tables:
    """Return the longer side of every image."""
    del params
    longer = images[["width", "height"]].max(axis=1)
    table = frames.frame("longer_sides", {"image": images["image"], "longer": longer})
    return Tables(table, {"images": len(table)})


if __name__ == "__main__":
    run_stage(transform)
'''
SCHEMA = '''"""Schemas of what the sides of images are."""

from golgoru.tables.schema import ABOUT_IMAGE, INTEGER, Column, Table

TABLES = (
    Table("longer_sides", "one row per image", ("image",), (
        ABOUT_IMAGE,
        Column("longer", INTEGER, "the longer side, pixels", nullable=True),
    )),
)
'''
FORMAT = '''"""Lines of an image and its class, with a tab between them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from golgoru.formats.files import SourceFile, files_with_suffix
from golgoru.formats.payload import FileRows, Payload, read_each_file
from golgoru.formats.record import Format, PayloadSettings

_SUFFIXES = (".pairs",)


def detect(files: Sequence[SourceFile]) -> str | None:
    """Return how many files there are."""
    pairs = files_with_suffix(files, _SUFFIXES)
    return f"{len(pairs):,} files of pairs" if pairs else None


def read(payload: Path, settings: PayloadSettings, images: Sequence[str]) -> Iterator[Payload]:
    """Yield the rows of every file of the payload."""
    del settings, images
    return read_each_file(payload, _SUFFIXES, read_file)


def read_file(name: str, path: Path) -> FileRows:
    """Return one file's rows."""
    lines = enumerate(path.read_text("utf-8").splitlines(), start=1)
    pairs = [(number, *line.split("\\t")) for number, line in lines]
    rows = [{"file": name, "line": number, "image": image, "label": label} for number, image, label in pairs]
    return FileRows(rows, [])


FORMAT = Format("pairs", _SUFFIXES, detect, read, allowed_keys=("label",), cannot_hold=("boxes",))
'''
PAGE = '''"""The page of rejects: the lines that could not be read."""

import pandas as pd

from golgoru.site.page import Page


def page(*, rejects: pd.DataFrame) -> Page:
    """Return the page, and how many rejects there are."""
    return Page({"lines": list(rejects["line"])}, {"rejects": len(rejects)})
'''
TEMPLATE = """\
{% extends "base.html.j2" %}
{% block body %}<h1>Rejects</h1><p>{{ lines | length }} lines could not be read.</p>{% endblock %}
"""
COMMAND = '''"""`dataset hello`: greet."""

import typer


def hello() -> None:
    """Greet."""
    typer.echo("hello")
'''
RULE = """
  - id: TEAM-001
    sentence: An image has a name of ours
    why: The shop's system reads no other.
    severity: warning
    action: tell
    enforced_by: expectation
    since: "1.0"
    table: images
    {check}
    shows: [width]
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Return a repository of somebody's own, which each test copies."""
    folder = tmp_path_factory.mktemp("recipes")
    clone = clones.of_working_tree(folder / "begun", folder / "home")
    clone.run("dataset", "new", "--name", "cells", "--task", "classification")
    clone.commit("begin")
    return clone


@pytest.fixture
def clone(begun, tmp_path):
    return clones.Clone(shutil.copytree(begun.top, tmp_path / "own"), tmp_path / "home")


def write(clone, **files):
    """Write files, by their paths."""
    for name, text in files.items():
        (clone.top / name).parent.mkdir(parents=True, exist_ok=True)
        (clone.top / name).write_text(text, "utf-8")


def edit(clone, name, pattern, replacement):
    """Change one place of a file."""
    text, changes = re.subn(pattern, replacement, (clone.top / name).read_text("utf-8"), count=1, flags=re.MULTILINE)
    assert changes, f"{name}: no {pattern}"
    (clone.top / name).write_text(text, "utf-8")


def in_order(clone, *tests):
    """Write what follows from the files; assert that nothing is found and that these tests of the team pass."""
    said = clone.run("dataset", "check", "--write")
    assert "\n0 findings\n" in f"\n{said}"
    clone.run(sys.executable, "-m", "pytest", "-q", *(f"tests/{name}.py" for name in tests))
    return said


def test_a_rule(clone):
    with (clone.top / "guidelines/rules.yaml").open("a") as rules:
        rules.write(RULE.format(check="predicate: width >= 1 AND image LIKE '%.png'"))
    assert "expectations/images.json" in in_order(clone, "test_guideline")


def test_a_rule_with_a_check_in_python(clone):
    with (clone.top / "guidelines/rules.yaml").open("a") as rules:
        rules.write(RULE.format(check="check: has_our_name"))
    with (clone.top / "expectations/checks.py").open("a") as checks:
        checks.write(
            "\n\ndef has_our_name(image: pd.Series) -> pd.Series:\n"
            '    """Return where the name is one of ours."""\n'
            "    return image.str.startswith('ours')\n"
        )
    in_order(clone, "test_guideline", "test_checks")


def test_a_feature(clone):
    feature = (
        '    @feature(INTEGER, "width plus height, pixels", nullable=True)\n'
        "    def half_perimeter(self) -> pd.Series:\n"
        '        return self.table["width"] + self.table["height"]\n\n    @feature'
    )
    edit(clone, "golgoru/validation/features/images.py", r"^    @feature", feature)
    with (clone.top / "guidelines/rules.yaml").open("a") as rules:
        rules.write(RULE.format(check="predicate: half_perimeter > 10"))
    in_order(clone, "test_guideline")


def add_stage(clone):
    write(clone, **{"stages/longer_sides.py": STAGE, "golgoru/tables/sides.py": SCHEMA})
    edit(clone, "golgoru/tables/catalogue.py", r"^    active,$", "    active,\n    sides,")
    edit(clone, "golgoru/tables/catalogue.py", r"^_AREAS = \(", "_AREAS = (sides, ")
    with (clone.top / "params.yaml").open("a") as params:
        params.write("longer_sides: {}\n")


def test_a_stage(clone):
    add_stage(clone)
    assert "dvc.yaml" in in_order(clone, "test_contract")
    assert "data/longer_sides.parquet" in (clone.top / "dvc.yaml").read_text()


def test_a_column(clone):
    add_stage(clone)
    column = r'\1\n        Column("shorter", INTEGER, "the shorter side, pixels", nullable=True),'
    edit(clone, "golgoru/tables/sides.py", r'^(        Column\("longer".*)$', column)
    edit(clone, "stages/longer_sides.py", r', "longer": longer\}', ', "longer": longer, "shorter": images["width"]}')
    in_order(clone, "test_contract")
    images = frames.frame("images", {"image": ["a/1.png"], "width": [3], "height": [4]})
    frames.write_table(images, clone.top / "data/images.parquet", "images")
    clone.run(sys.executable, "-m", "stages.longer_sides")
    code = "import pandas as pd; print(pd.read_parquet('data/longer_sides.parquet').to_dict('records'))"
    assert "'longer': 4, 'shorter': 3" in clone.run(sys.executable, "-c", code)


def test_a_label_format(clone, tmp_path):
    write(clone, **{"golgoru/formats/pairs.py": FORMAT})
    edit(clone, "golgoru/formats/__init__.py", r"^_MODULES = \{", '_MODULES = {\n    "pairs": "pairs",')
    edit(clone, "docs/deliveries.md", r"^(\| `voc` .*)$", r"\1\n| `pairs` | a folder of files | line |")
    in_order(clone, "test_contract")
    scratch_repository.picture(tmp_path / "images/1.png", 1)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/all.pairs").write_text("1.png\tcat\n")
    options = ("--images", str(tmp_path / "images"), "--as", "first", "--annotator", "ann")
    assert "1 files of pairs" in clone.run("dataset", "import", str(tmp_path / "labels"), *options)
    clone.stages(("fingerprint", "ingest"))
    code = "import pandas as pd; print(pd.read_parquet('data/annotations.parquet')[['image', 'label']].values.tolist())"
    assert "[['first/1.png', 'cat']]" in clone.run(sys.executable, "-c", code)


def test_a_page_of_the_site(clone):
    folder = "golgoru/site/pages"
    write(clone, **{f"{folder}/rejects.py": PAGE, f"{folder}/rejects.html.j2": TEMPLATE})
    edit(clone, f"{folder}/__init__.py", r"^(from golgoru.site.pages import .*)$", r"\1, rejects")
    edit(clone, f"{folder}/__init__.py", r"queue\)", "queue, rejects)")
    in_order(clone, "test_contract")
    report = (clone.top / "dvc.yaml").read_text().partition("\n  report:\n")[2]
    assert "data/rejects.parquet" in report
    code = (
        "from pathlib import Path; from golgoru.site.page import render_page; from golgoru.tables import frames;"
        "from golgoru.site.pages import PAGES; shown = PAGES['rejects'](rejects=frames.frame('rejects'));"
        "content = {**shown.content, 'page': 'rejects', 'site_pages': [*PAGES]};"
        "print(render_page(Path('golgoru/site/pages/rejects.html.j2').absolute(), content).decode())"
    )
    assert "0 lines could not be read" in clone.run(sys.executable, "-c", code)


def test_a_command(clone):
    write(
        clone,
        **{"golgoru/cli/hello/__init__.py": '"""`dataset hello`: greet."""\n', "golgoru/cli/hello/command.py": COMMAND},
    )
    imported = "from golgoru.cli.hello.command import hello\nfrom golgoru.cli.log"
    edit(clone, "golgoru/cli/main.py", r"^from golgoru.cli.log", imported)
    edit(clone, "golgoru/cli/main.py", r"^app\.command", 'app.command("hello")(hello)\napp.command')
    in_order(clone, "test_contract")
    assert clone.run("dataset", "hello") == "hello\n"

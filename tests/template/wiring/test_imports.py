"""What a stage's file reaches by its imports: through others, inside functions, and by the readers of its arguments."""

import pytest

from golgoru.core.errors import UserError
from golgoru.wiring.imports import Engine, imported_modules

ENGINE = {
    "golgoru/__init__.py": '"""The engine."""\n',
    "golgoru/shell.py": "import golgoru.core.paths\n",
    "golgoru/core/__init__.py": "",
    "golgoru/core/paths.py": "from pathlib import Path\n",
    "golgoru/tables/__init__.py": "",
    "golgoru/tables/frames.py": "from golgoru.core import paths\n",
    "golgoru/formats/__init__.py": "from importlib import import_module\n",
    "golgoru/formats/voc.py": "from golgoru.geometry import boxes\n",
    "golgoru/geometry/__init__.py": "",
    "golgoru/geometry/boxes.py": "",
    "golgoru/site/__init__.py": "",
    "golgoru/site/page.py": "",
    "golgoru/raw/__init__.py": "",
    "golgoru/raw/pins.py": "def read():\n    from golgoru.tables import frames\n",
}


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in ENGINE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "stages").mkdir()
    return tmp_path / "stages" / "draw.py"


@pytest.mark.parametrize(
    ("source", "readers", "expected"),
    [
        ("import json\n", (), []),
        ("from golgoru import shell\n", (), ["golgoru/core", "golgoru/shell.py"]),
        ("import golgoru.tables.frames\n", (), ["golgoru/core", "golgoru/tables"]),
        ("def f():\n    from golgoru.site.page import Page\n", (), ["golgoru/site"]),
        ("import json\n", ("golgoru.raw.pins",), ["golgoru/core", "golgoru/raw", "golgoru/tables"]),
        ("from golgoru import formats\n", (), ["golgoru/formats", "golgoru/geometry"]),
    ],
    ids=["none", "module", "through another", "in a function", "reader of an argument", "modules imported by name"],
)
def test_a_stage_depends_on_exactly_the_packages_that_it_reaches(stage, source, readers, expected):
    stage.write_text(source)
    assert Engine().dependencies(stage, readers) == expected


def test_a_file_that_is_no_python_is_told(stage):
    stage.write_text("def f(:\n")
    with pytest.raises(UserError, match=r"draw\.py: not valid Python: invalid syntax"):
        imported_modules(stage)


def test_a_relative_import_is_told(stage):
    stage.write_text("\nfrom . import other\n")
    with pytest.raises(UserError, match=r"draw\.py:2: write imports in full, without leading dots"):
        imported_modules(stage)

"""A file can be read in one sitting, and a function fits a screen: in the engine, the stages and the tests."""

import ast

import pytest

from tests.template.builders.clones import TOP, template_stages

FILES = [
    *(TOP / "stages" / f"{stage}.py" for stage in template_stages()),
    *sorted((TOP / "golgoru").rglob("*.py")),
    *sorted((TOP / "tests").rglob("*.py")),
    *sorted((TOP / "benchmarks").rglob("*.py")),
]
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 300, 50


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(TOP).as_posix())
def test_a_file_and_its_functions_are_short(file):
    text = file.read_text("utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {node.name for node in functions if (node.end_lineno or 0) - node.lineno >= MOST_LINES_OF_A_FUNCTION}
    assert long == set()

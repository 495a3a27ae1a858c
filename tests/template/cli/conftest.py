"""A small repository to run commands in, and the command."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from golgoru.cli import main as command
from tests.template.builders.command_repository import Said, leave_out_dvc, make_empty
from tests.template.builders.remembered import copied

Run = Callable[..., Said]


@pytest.fixture
def dataset(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["dataset", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            command.main()
        return Said(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Begin at the top of a repository that a function such as `make_empty` writes; return what it returns."""

    def begin(make: Callable[..., Any], *arguments: Any) -> Any:
        top = tmp_path / "repository"
        made = copied(top, make, *arguments)
        monkeypatch.chdir(top)
        return made

    return begin


@pytest.fixture
def repository(begin: Callable[..., Any]) -> Path:
    """An empty data set under git and DVC; the test runs at its top."""
    begin(make_empty)
    return Path.cwd()


@pytest.fixture
def no_dvc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for `dvc add`, which takes seconds."""
    leave_out_dvc(monkeypatch)

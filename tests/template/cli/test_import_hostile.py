"""`dataset import` with hostile names, options and pipes."""

import os
import subprocess
import sys

import pytest

from golgoru.core import paths
from tests.template.builders.scratch_repository import TOP, tree
from tests.template.cli.test_import import labels_of, source

__all__ = ["source"]


def test_names_from_elsewhere_cannot_steer_the_terminal(repository, dataset, source):
    (source / "labels.csv").write_text('image,annotator,label\np0.png,a,"\x1b[31mcat"\n')
    result = dataset("import", f"{source}/labels.csv", "--as", "x", "--dry-run")
    assert result.status == 0
    assert "\x1b" not in result.out


def test_help_starts_fast():
    """Heavy imports stay inside the subcommands: what --help waits for is typer alone."""
    code = "import sys, golgoru.cli.main; print({'pandas', 'pyarrow', 'pydantic', 'dvc', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TOP)
    assert done.stdout.strip() == "set()"


def test_closing_the_pipe_does_not_undo_the_import(repository, source):
    command = [sys.executable, "-m", "golgoru.cli.main", *labels_of(source, "--as", "first")]
    environment = {**os.environ, "PYTHONPATH": f"{TOP}"}
    running = subprocess.Popen(
        command, cwd=repository, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    running.stdout.readline()
    running.stdout.close()
    result = running.stderr.read()
    running.wait(timeout=120)
    assert "Traceback" not in result
    present = (paths.DELIVERIES / "first.yaml").exists(), (paths.IMAGES / "first").exists()
    assert present in ((True, True), (False, False)), "either complete, or nothing of it"
    assert (paths.BATCHES / "first").exists() == present[0]
    assert (paths.DELIVERIES / "first.dvc").exists() == present[0]


@pytest.mark.parametrize("option", ["--licence", "--label", "--annotator", "--group"])
def test_an_option_that_is_no_text_is_refused_before_it_is_written(repository, dataset, source, option):
    before = tree(repository)
    result = dataset(*labels_of(source, "--as", "first", option, "z\udcff"))
    assert (result.status, f"{option}: not UTF-8 text" in result.err) == (2, True)
    assert tree(repository) == before


@pytest.mark.parametrize("name", ["r" * 300, "r" * 101, "CON", "con.first", "r."])
def test_a_name_that_some_file_system_refuses_is_refused_here(repository, dataset, source, name):
    result = dataset(*labels_of(source, "--as", name))
    assert (result.status, result.err.startswith("dataset: --as: ")) == (2, True)


def test_messages_do_not_steer_the_terminal_either(repository, dataset):
    result = dataset("import", "nope\x1b[31m", "--as", "first")
    assert (result.status, "\x1b" in result.err, "nope\\x1b[31m" in result.err) == (2, False, True)

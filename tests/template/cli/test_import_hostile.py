"""`dataset import` with names, options and pipes that mean no good."""

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
    said = dataset("import", f"{source}/labels.csv", "--as", "x", "--dry-run")
    assert said.status == 0
    assert "\x1b" not in said.out


def test_help_starts_fast():
    """Heavy imports stay inside the subcommands: what --help waits for is typer alone."""
    code = "import sys, golgoru.cli.main; print({'pandas', 'pyarrow', 'pydantic', 'dvc', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TOP)
    assert done.stdout.strip() == "set()"


def test_who_closes_the_pipe_does_not_undo_the_import(repository, source):
    command = [sys.executable, "-m", "golgoru.cli.main", *labels_of(source, "--as", "first")]
    environment = {**os.environ, "PYTHONPATH": f"{TOP}"}
    running = subprocess.Popen(
        command, cwd=repository, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    running.stdout.readline()
    running.stdout.close()
    said = running.stderr.read()
    running.wait(timeout=120)
    assert "Traceback" not in said
    present = (paths.DELIVERIES / "first.yaml").exists(), (paths.IMAGES / "first").exists()
    assert present in ((True, True), (False, False)), "finished, or as if it had never been"
    assert (paths.BATCHES / "first").exists() == present[0]
    assert (paths.DELIVERIES / "first.dvc").exists() == present[0]


@pytest.mark.parametrize("option", ["--licence", "--label", "--annotator", "--group"])
def test_an_option_that_is_no_text_is_refused_before_it_is_written(repository, dataset, source, option):
    before = tree(repository)
    said = dataset(*labels_of(source, "--as", "first", option, "z\udcff"))
    assert (said.status, f"{option}: not UTF-8 text" in said.err) == (2, True)
    assert tree(repository) == before


@pytest.mark.parametrize("name", ["r" * 300, "r" * 101, "CON", "con.first", "r."])
def test_a_name_that_some_file_system_refuses_is_refused_here(repository, dataset, source, name):
    said = dataset(*labels_of(source, "--as", name))
    assert (said.status, said.err.startswith("dataset: --as: ")) == (2, True)


def test_messages_do_not_steer_the_terminal_either(repository, dataset):
    said = dataset("import", "nope\x1b[31m", "--as", "first")
    assert (said.status, "\x1b" in said.err, "nope\\x1b[31m" in said.err) == (2, False, True)

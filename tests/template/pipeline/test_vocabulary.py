"""The field's terms are the only ones: names that nobody from outside could search for do not come back."""

import functools
import re
import subprocess
from pathlib import Path

import pytest

from tests.template.builders.clones import TOP, template_stages

# Old names of things, as whole words; what each is called now stands in CHANGELOG.md.
GONE = (
    "ballots?", "voices?", "election", "lookalikes?", "kept_as", "seats?", "seating", "shopping", "tempo",
    "beyond_chance", "suspects?", "own_predictions", "model_view", "plausibility", "doubted", "torn apart", "wavers?",
    "said_empty", "whereabouts", "noting", "stages.lib",
)  # fmt: skip
# The guideline and the settings as they are frozen: a team's own may use any word.
FOLDERS = (
    "golgoru", "docs", "README.md", "tests/template/frozen", *(f"stages/{stage}.py" for stage in template_stages()),
)  # fmt: skip
# An annotation is not a word. Where text is meant (transcriptions, error messages), the word "word" is right.
WORDS_OF_TEXT = (
    "told in words",
    "each word in one script",
    "word, items",
    "{word}",
    "words = set",
    "in words)",
    "words else",
)


@functools.cache
def lines() -> list[tuple[str, str]]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *FOLDERS], cwd=TOP, capture_output=True, check=True
    )
    files = [Path(TOP, name) for name in listed.stdout.decode().split("\n") if name]
    texts = [file for file in files if file.is_file() and file.suffix in (".py", ".md", ".yaml", ".j2", ".json")]
    return [
        (f"{file.relative_to(TOP)}: {line.strip()}", line)
        for file in texts
        for line in file.read_text("utf-8").split("\n")
    ]


@pytest.mark.parametrize("word", GONE)
def test_an_old_name_is_gone(word):
    pattern = re.compile(rf"(?<![\w-]){word}(?![\w-])", re.IGNORECASE)
    assert [shown for shown, line in lines() if pattern.search(line)] == []


def test_an_annotation_is_not_called_a_word():
    pattern = re.compile(r"\bwords?\b", re.IGNORECASE)
    found = [
        shown for shown, line in lines() if pattern.search(line) and not any(known in line for known in WORDS_OF_TEXT)
    ]
    assert found == []

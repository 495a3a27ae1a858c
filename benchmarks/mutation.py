"""Whether the tests that `make test` runs still find faults: twenty are seeded into the engine, one at a time.

    python -m benchmarks.mutation [NUMBER ...]

For each fault the tree is copied to a scratch folder, one line of the engine is changed, and the tests that should find
it run there (`pytest -x -q -m "not slow"`). Prints found or not found; the exit status is 1 where one was not found.
Before, the same tests pass in a copy without a fault. Numbers name some of the faults. All take four minutes of CPU.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_TOP = Path(__file__).resolve().parents[1]
_COPIED = ("golgoru", "stages", "tests", "benchmarks", "expectations", "guidelines", "data/raw", "docs")
_FILES = ("pyproject.toml", "params.yaml", "dvc.yaml", "README.md", "Makefile", ".dvcignore", ".gitattributes")
_FAILED = 1  # pytest's exit status where tests ran and one failed


class Fault(NamedTuple):
    """A line of `file`, below golgoru/ or stages/, that reads otherwise; `tests`, below tests/template/, find it."""

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


FAULTS = (
    Fault(
        "an IoU that equals the threshold joins no boxes",
        "golgoru/geometry/matching.py",
        "return _selected(pairs, pairs.overlap >= min_iou)",
        "return _selected(pairs, pairs.overlap > min_iou)",
        ("geometry/test_matching.py",),
    ),
    Fault(
        "nulls where a column allows none are written",
        "golgoru/tables/frames.py",
        "if not field.nullable and column.null_count:",
        "if False and column.null_count:",
        ("tables/test_frames.py",),
    ),
    Fault(
        "a table is written in the order of its rows",
        "golgoru/tables/frames.py",
        'order = pc.sort_indices(by_key, sort_keys=[(name, "ascending") for name in schema.key])',
        "order = pa.array(range(by_key.num_rows))",
        ("tables/test_frames.py", "stages/test_conformance.py"),
    ),
    Fault(
        "among equal votes the last class of the guideline wins",
        "golgoru/consensus/majority.py",
        "ascending=[True, True, False, False, True, True]",
        "ascending=[True, True, False, False, False, True]",
        ("consensus/test_majority.py",),
    ),
    Fault(
        "half of the votes are a majority",
        "golgoru/consensus/majority.py",
        'share["minority"] = 2 * share["weight"] <= share["voters"]',
        'share["minority"] = 2 * share["weight"] < share["voters"]',
        ("consensus/test_majority.py",),
    ),
    Fault(
        "pages do not escape what the data say",
        "golgoru/site/page.py",
        "autoescape=True",
        "autoescape=False",
        ("cli/test_check_guideline.py",),
    ),
    Fault(
        "the card does not escape what the data say",
        "golgoru/release/card.py",
        '["Creators", escape_markdown(", ".join(dataset.creators))],',
        '["Creators", ", ".join(dataset.creators)],',
        ("release/test_card.py",),
    ),
    Fault(
        "a cell of a sheet may be a formula",
        "golgoru/cli/fix/sheet.py",
        "return escape_formula(value)",
        "return value",
        ("cli/test_fix_sheet.py", "cli/test_fix_mistakes.py"),
    ),
    Fault(
        "links may lead out of the picture folder",
        "golgoru/images/listing.py",
        "if not any(target.is_relative_to(folder) for folder in allowed):",
        "if not allowed:",
        ("stages/test_fingerprint.py",),
    ),
    Fault(
        "the seed of the split is ignored",
        "golgoru/splits/assignment.py",
        'uniform_hash(f"{settings.seed}:{name}") for name in names',
        "uniform_hash(name) for name in names",
        ("stages/test_split.py",),
    ),
    Fault(
        "an image is split by itself, so that a group leaks",
        "golgoru/splits/assignment.py",
        'by_group, on_arrival = rows["group"].map(split_if_frozen),',
        'by_group, on_arrival = rows["group_on_arrival"].map(split_if_frozen),',
        ("stages/test_split.py", "stages/test_split_growth.py"),
    ),
    Fault(
        "a later image joins the frozen test set",
        "golgoru/splits/assignment.py",
        'return (split == "test") & (rows["date"] <= last_day)',
        'return split == "test"',
        ("stages/test_split_frozen.py",),
    ),
    Fault(
        "a withdrawal by name does not reach copies of equal bytes that it is followed to",
        "golgoru/duplicates/withdrawn.py",
        'for key in (images["content"], same_image, images["content"]):',
        'for key in (images["content"], same_image):',
        ("release/test_ledger.py",),
    ),
    Fault(
        "a withdrawn image is told as its duplicate first",
        "golgoru/release/ledger.py",
        'FateReason(is_withdrawn, "withdrawn", "release", WITHDRAWN_RULE),',
        'FateReason(is_withdrawn & duplicate["duplicate_of"].isna(), "withdrawn", "release", WITHDRAWN_RULE),',
        ("release/test_ledger.py",),
    ),
    Fault(
        "of near-duplicates the one with the fewest pixels stays",
        "golgoru/duplicates/representatives.py",
        'usable["fewer_pixels"] = -(usable["width"] * usable["height"])',
        'usable["fewer_pixels"] = usable["width"] * usable["height"]',
        ("duplicates/test_representatives.py",),
    ),
    Fault(
        "the confusion is shared out by the annotated label",
        "golgoru/annotators/quality.py",
        'of_class = cells.groupby(["annotator", "true_label"])["votes"].transform("sum")',
        'of_class = cells.groupby(["annotator", "annotated_label"])["votes"].transform("sum")',
        ("annotators/test_quality.py",),
    ),
    Fault(
        "version 1.10 of the guideline comes before 1.9",
        "golgoru/core/versions.py",
        "if version_numbers(v) < version_numbers(than)])",
        "if v < than])",
        ("core/test_versions.py", "guideline/test_changes.py", "stages/test_consolidate_changes.py"),
    ),
    Fault(
        "what a baseline accepted is accepted for ever",
        "golgoru/validation/baseline.py",
        "valid = [entry for entry in entries if today <= entry.expires]",
        "valid = list(entries)",
        ("validation/test_baseline.py",),
    ),
    Fault(
        "a transcription ends at its first comma",
        "golgoru/formats/icdar.py",
        'parts = content.split(",", _NUMBERS)',
        'parts = content.split(",")',
        ("formats/test_icdar.py",),
    ),
    Fault(
        "the release's hash leaves out the names of its files",
        "golgoru/release/manifest.py",
        'lines = sorted(f"{name} {_sha256(content)}\\n" for name, content in parts.items())',
        'lines = sorted(f"{_sha256(content)}\\n" for name, content in parts.items())',
        ("release/test_manifest.py",),
    ),
)


def seed(fault: Fault, top: Path) -> None:
    """Change the line below `top`. Raises ValueError unless the file holds it exactly once."""
    file = top / fault.file
    text = file.read_text("utf-8")
    if (times := text.count(fault.old)) != 1:
        raise ValueError(f"{fault.file} holds {times} times, not once: {fault.old}")
    file.write_text(text.replace(fault.old, fault.new), "utf-8")


def fails(tests: Iterable[str], top: Path) -> bool:
    """Return whether one of these tests fails in the tree below `top`. Raises ValueError where no test ran."""
    files = [f"tests/template/{name}" for name in tests]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", *files]
    environment = os.environ | {"PYTHONPATH": str(top)}
    done = subprocess.run(command, cwd=top, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode not in (0, _FAILED):
        raise ValueError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.returncode == _FAILED


@contextmanager
def copied_tree() -> Iterator[Path]:
    """Yield a scratch folder with what the tests read."""
    ignored = shutil.ignore_patterns("__pycache__", "*.parquet")
    with tempfile.TemporaryDirectory() as scratch:
        top = Path(scratch) / "golgoru"
        for name in _COPIED:
            shutil.copytree(_TOP / name, top / name, ignore=ignored, symlinks=True)
        for name in _FILES:
            shutil.copy(_TOP / name, top / name)
        yield top


def main(numbers: list[int]) -> int:
    """Print what became of each of these faults, of all where none is named; return how many were not found."""
    chosen = {number: fault for number, fault in enumerate(FAULTS, start=1) if not numbers or number in numbers}
    with copied_tree() as top:
        if fails(sorted({name for fault in chosen.values() for name in fault.tests}), top):
            raise SystemExit("the tests fail without a fault, too")
    missed = 0
    for number, fault in chosen.items():
        with copied_tree() as top:
            seed(fault, top)
            found = fails(fault.tests, top)
        missed += not found
        print(f"{number:2} {'found' if found else 'NOT FOUND':9} {fault.file}: {fault.what}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} found")
    return missed


if __name__ == "__main__":
    sys.exit(main([int(number) for number in sys.argv[1:]]) > 0)

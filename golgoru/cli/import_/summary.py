"""What an import would bring, in words: the same summary for `--dry-run` and for the import itself."""

import difflib
from collections.abc import Iterable, Sequence

import pandas as pd

from golgoru.cli.import_.read import ImportContents, ImportedAnnotations
from golgoru.core import paths
from golgoru.core.csv_table import Reject
from golgoru.guideline.classes import Classes

_SHOWN = 10


def summary_lines(taken: ImportContents) -> list[str]:
    """Return the summary, line by line."""
    said = _picture_lines(taken)
    if taken.words is not None:
        said += _annotation_lines(taken.words)
        said += _class_lines(taken.words.annotations, taken.classes)
        said += _image_name_lines(taken.words)
        said += _reject_lines("labels", taken.words.rejects)
        if taken.words.ignored:
            said.append(f"columns not taken: {_listed(taken.words.ignored)} (--column ours=theirs takes one)")
    said += _reject_lines("metadata", taken.metadata_rejects)
    if taken.others:
        said.append(f"files not taken: {len(taken.others):,}, such as {_listed(taken.others[:3])}")
    return said


def _picture_lines(taken: ImportContents) -> list[str]:
    incoming = taken.incoming
    if taken.pictures_from is None:
        said = ["pictures: none"]
    else:
        said = [
            f"pictures: {len(incoming.new):,} new, {len(incoming.here):,} already here (from {taken.pictures_from})"
        ]
    if incoming.absent:
        said.append(
            f"pictures of {_listed(incoming.absent)} are not all on disk, so nobody compared with them; `dvc pull` first"
        )
    return said


def _annotation_lines(words: ImportedAnnotations) -> list[str]:
    kinds = _counts(words.annotations["kind"])
    who = _counts(words.annotations["annotator"])
    on = words.annotations["image"].isin(words.images)
    return [
        f"words: {len(words.annotations):,} ({kinds}), on {words.annotations.loc[on, 'image'].nunique():,} images",
        f"annotators: {who}",
    ]


def _class_lines(annotations: pd.DataFrame, classes: Classes) -> list[str]:
    labels = annotations.loc[annotations["kind"] == "object", "label"]
    said = []
    if labels.isna().any():
        said.append(f"objects without a class: {int(labels.isna().sum()):,} (--label CLASS gives them one)")
    known = labels.isin(classes.ids)
    if known.any():
        said.append(f"classes known: {_counts(labels[known])}")
    unknown = labels[~known].dropna().value_counts()
    if len(unknown):
        said.append(
            f"classes unknown: {len(unknown):,}; define them in {paths.CLASSES}, or map with --class theirs=ours; until"
            " then their words are set aside"
        )
        said += [
            f"  {label}: {count:,} words{_resembles(str(label), classes)}" for label, count in _most_frequent(unknown)
        ]
        said += _more(len(unknown))
    return said


def _resembles(label: str, classes: Classes) -> str:
    """Say which defined class a label looks like, by id or name, in whatever case."""
    by_text = {text.casefold(): one.id for one in classes.classes for text in (one.id, one.name) if text}
    near = difflib.get_close_matches(label.casefold(), by_text, n=1)
    return f"; resembles '{by_text[near[0]]}': --class '{label}={by_text[near[0]]}'" if near else ""


def _image_name_lines(words: ImportedAnnotations) -> list[str]:
    """Say which names in the payload mean no image, or several."""
    unclear = words.annotations.loc[~words.annotations["image"].isin(words.images), "image"].value_counts()
    if unclear.empty:
        return []
    base = pd.Series(words.images, dtype="str").str.rsplit("/", n=1).str[-1]
    candidates = pd.concat([base, base.str.rsplit(".", n=1).str[0]]).value_counts()
    said = [f"names that mean no image, or several: {len(unclear):,}; their words are set aside"]
    for name, count in _most_frequent(unclear):
        same = int(candidates.get(str(name).replace("\\", "/").rsplit("/", 1)[-1], 0))
        said.append(f"  {name}: {count:,} words; " + (f"{same:,} images are called so" if same else "no such image"))
    return said + _more(len(unclear))


def _reject_lines(what: str, rejects: Sequence[Reject]) -> list[str]:
    if not rejects:
        return []
    return [
        f"{what} that cannot be read: {len(rejects):,} files or lines",
        *(f"  {r.file}{'' if r.line is None else f':{r.line}'}: {r.error}" for r in rejects[:_SHOWN]),
        *_more(len(rejects)),
    ]


def _counts(values: pd.Series) -> str:
    counts = values.value_counts()
    shown = ", ".join(f"{value} {count:,}" for value, count in _most_frequent(counts))
    return shown + (f" and {len(counts) - _SHOWN:,} more" if len(counts) > _SHOWN else "")


def _most_frequent(counts: pd.Series) -> Iterable[tuple[object, int]]:
    """Return the most frequent values; of equal ones, the first by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:_SHOWN]


def _more(count: int) -> list[str]:
    return [f"  and {count - _SHOWN:,} more"] if count > _SHOWN else []


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values)

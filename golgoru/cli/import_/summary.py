"""What an import would bring: the same summary for `--dry-run` and for the import itself."""

import difflib
from collections.abc import Iterable, Sequence

import pandas as pd

from golgoru.cli.import_.read import ImportContents, ImportedAnnotations
from golgoru.core import paths
from golgoru.core.csv_table import Reject
from golgoru.guideline.classes import Classes

_SHOWN = 10


def summary_lines(contents: ImportContents) -> list[str]:
    """Return the summary, line by line."""
    lines = _picture_lines(contents)
    if (labels := contents.labels) is not None:
        lines += _annotation_lines(labels)
        lines += _class_lines(labels.annotations, contents)
        lines += _image_name_lines(labels)
        lines += _reject_lines("labels", labels.rejects)
        if labels.unused_columns:
            lines.append(f"columns not used: {_listed(labels.unused_columns)} (--column ours=theirs maps one)")
    lines += _reject_lines("metadata", contents.metadata_rejects)
    if contents.unused_files:
        lines.append(f"files not used: {len(contents.unused_files):,}, such as {_listed(contents.unused_files[:3])}")
    return lines


def _picture_lines(contents: ImportContents) -> list[str]:
    incoming = contents.incoming
    lines = ["pictures: none"]
    if contents.pictures_from is not None:
        counts = f"{len(incoming.new):,} new, {len(incoming.known):,} already here"
        lines = [f"pictures: {counts} (from {contents.pictures_from})"]
    if incoming.incomplete:
        lines.append(
            f"pictures of {_listed(incoming.incomplete)} are not all on disk, so the new ones were not compared with"
            " all of them; `dvc pull` first"
        )
    return lines


def _annotation_lines(labels: ImportedAnnotations) -> list[str]:
    kinds = _counts(labels.annotations["kind"])
    annotators = _counts(labels.annotations["annotator"])
    on_image = labels.annotations["image"].isin(labels.images)
    images = labels.annotations.loc[on_image, "image"].nunique()
    return [
        f"annotations: {len(labels.annotations):,} ({kinds}), on {images:,} images",
        f"annotators: {annotators}",
    ]


def _class_lines(annotations: pd.DataFrame, contents: ImportContents) -> list[str]:
    labels = annotations.loc[annotations["kind"] == "object", "label"]
    lines = []
    if contents.labels is not None and (only := contents.labels.batch.settings.label) and not contents.request.label:
        lines.append(
            f"objects without a class are '{only}', the only class of {paths.CLASSES} (--label CLASS: another)"
        )
    if labels.isna().any():
        lines.append(f"objects without a class: {int(labels.isna().sum()):,} (--label CLASS gives them one)")
    undefined = labels.isin(contents.undefined)
    if (known := labels.notna() & ~undefined).any():
        lines.append(f"classes known: {_counts(labels[known])}")
    unknown = labels[undefined].value_counts()
    if len(unknown):
        remedy = (
            f"to be defined in {paths.CLASSES}"
            if contents.request.define_classes
            else f"define them in {paths.CLASSES} (--define-classes adds them), or map with --class theirs=ours;"
            " until then their annotations are set aside"
        )
        lines.append(f"classes unknown: {len(unknown):,}; {remedy}")
        lines += [
            f"  {label}: {count:,} annotations{_resembles(str(label), contents.classes)}"
            for label, count in _most_frequent(unknown)
        ]
        lines += _more(len(unknown))
    return lines


def _resembles(label: str, classes: Classes) -> str:
    """Return which class of the guideline a label resembles, by id or name, whatever the case."""
    class_of = {text.casefold(): c.id for c in classes.classes for text in (c.id, c.name) if text}
    closest = difflib.get_close_matches(label.casefold(), class_of, n=1)
    return f"; resembles '{class_of[closest[0]]}': --class '{label}={class_of[closest[0]]}'" if closest else ""


def _image_name_lines(labels: ImportedAnnotations) -> list[str]:
    """Return which names in the payload fit no image, or several."""
    unresolved = labels.annotations.loc[~labels.annotations["image"].isin(labels.images), "image"].value_counts()
    if unresolved.empty:
        return []
    base = pd.Series(labels.images, dtype="str").str.rsplit("/", n=1).str[-1]
    candidates = pd.concat([base, base.str.rsplit(".", n=1).str[0]]).value_counts()
    lines = [f"names that fit no image, or several: {len(unresolved):,}; their annotations are set aside"]
    for name, count in _most_frequent(unresolved):
        same = int(candidates.get(str(name).replace("\\", "/").rsplit("/", 1)[-1], 0))
        lines.append(
            f"  {name}: {count:,} annotations; " + (f"{same:,} images have this name" if same else "no such image")
        )
    return lines + _more(len(unresolved))


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

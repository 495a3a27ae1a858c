"""`--define-classes`: the classes of an import that the guideline lacks are written down in guidelines/classes.yaml."""

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.guideline.changes import is_known_label, read_valid_changes
from golgoru.guideline.classes import Class, Classes

# More are no classes, but texts in a column that was taken for the class.
_MOST_CLASSES = 1_000


def undefined_classes(annotations: pd.DataFrame, classes: Classes) -> list[str]:
    """Return the labels of objects that are no class of the guideline, and were none under an earlier one, by name."""
    changes = read_valid_changes(paths.CHANGES, paths.CLASSES)
    is_unknown = (annotations["kind"] == "object") & annotations["label"].notna()
    is_unknown &= ~is_known_label(annotations, changes, classes.ids)
    return sorted(annotations.loc[is_unknown, "label"].unique())


def refuse_unusable(names: Sequence[str]) -> None:
    """Raise UserError where labels are more than classes can be, or one of them cannot be the id of a class."""
    if len(names) > _MOST_CLASSES:
        raise UserError(
            f"--define-classes: {len(names):,} classes are not defined, such as '{names[0]}' and '{names[-1]}';"
            f" expected at most {_MOST_CLASSES:,}; if they are texts, --column label=COLUMN names the column"
        )
    for name in names:
        try:
            Class(id=name)
        except ValidationError as error:
            reason = error.errors(include_url=False)[0]["msg"]
            raise UserError(f"--define-classes: '{name}' cannot be the id of a class ({reason})") from None


def define_classes(file: Path, names: Sequence[str]) -> list[str]:
    """Add classes at the end of the guideline's, without a definition, and return the lines that say so.

    Comments and the order of what stands there stay.
    """
    if not names:
        return []
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # lines that stand there stay as they are
    yaml.indent(mapping=2, sequence=4, offset=2)
    content = yaml.load(file.read_text("utf-8"))
    listed = content.get("classes") or CommentedSeq()
    listed.fa.set_block_style()
    listed.extend(CommentedMap(id=name, definition="") for name in names)
    content["classes"] = listed
    text = io.StringIO()
    yaml.dump(content, text)
    write_bytes(file, text.getvalue().encode())
    counted = f"{len(names):,} classes" if len(names) > 1 else "1 class"
    return [f"{file}: {counted} added without a definition: write what belongs to each and what does not (GUIDE-001)"]

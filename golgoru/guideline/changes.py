"""guidelines/changes.yaml: what a change of the guideline means for older annotations.

An annotation is older than a change when its guideline version comes before the change's by number. Changes are applied
in the order of their versions, those of one version at once, so a class can be renamed first and merged later.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from golgoru.core import paths, versions
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import ConfigModel, key_line, load_config
from golgoru.guideline.classes import Classes, read_classes
from golgoru.tables import frames

ClassId = Annotated[str, Field(min_length=1)]
NO_CHANGE = -1


class Change(ConfigModel):
    """One change: of the meaning of some classes, or of a rule, which concerns every class."""

    version: str
    classes: tuple[ClassId, ...] = ()
    rule: str | None = None
    action: Literal["redefine", "rename", "merge", "split"]
    to: tuple[ClassId, ...] = ()
    old_votes: Literal["keep", "drop", "map", "requeue"]
    reason: str = Field(min_length=1)

    @field_validator("version")
    @classmethod
    def _numbered(cls, version: str) -> str:
        if not re.search(r"\d", version):
            raise ValueError("expected a version with a number, such as 1.1")
        return version

    @model_validator(mode="after")
    def _consistent(self) -> "Change":
        several = len(set(self.to))
        wrong = {
            "expected either 'classes' or 'rule'": bool(self.classes) == (self.rule is not None),
            "a rule is redefined; what is renamed, merged or split is a class": self.rule is not None
            and self.action != "redefine",
            "redefine takes no 'to'; the class keeps its id": self.action == "redefine" and several > 0,
            "rename expects one class in 'classes' and its new id in 'to'": self.action == "rename"
            and (len(self.classes), several) != (1, 1),
            "merge expects one class in 'to'": self.action == "merge" and several != 1,
            "split expects two classes or more in 'to'": self.action == "split" and several < 2,
            "'old_votes: map' is for rename and merge; expected keep, drop or requeue": self.old_votes == "map"
            and self.action not in ("rename", "merge"),
        }
        for reason, is_wrong in wrong.items():
            if is_wrong:
                raise ValueError(reason)
        return self

    def touches(self, label: str | None) -> bool:
        """Return whether it changes the meaning of annotations with this class; a changed rule concerns all of them."""
        return self.rule is not None or label in self.classes


class Changes(ConfigModel):
    """guidelines/changes.yaml."""

    changes: tuple[Change, ...] = ()

    def ordered(self) -> list[Change]:
        """Return the changes in the order of their versions; those of one version as they stand in the file."""
        return sorted(self.changes, key=lambda change: versions.version_numbers(change.version))


class ChangeEffect(NamedTuple):
    """What the changes do to annotations of one class and guideline version.

    Changes are numbered by their position in `Changes.ordered`. `label`: today's name of the class. `dropped_by`,
    `requeued_by`: the newest change that drops the annotations, or wants their objects labelled again; NO_CHANGE where
    none does. `concerns`: the changes with `requeue` that concern an object with such an annotation. `kept_in`: the
    versions whose changes keep the annotations.
    """

    label: str | None
    dropped_by: int
    requeued_by: int
    concerns: frozenset[int]
    kept_in: frozenset[tuple[int, ...]]


class ChangeEffects(NamedTuple):
    """`code`: per annotation, the position of its effect in `effects`."""

    code: pd.Series
    effects: list[ChangeEffect]

    def where(self, holds: Callable[[ChangeEffect], bool], code: pd.Series | None = None) -> pd.Series:
        """Return, per annotation or per `code`, whether `holds` is true of its effect; false for a null code."""
        return self._each(holds, False, code).astype(bool)

    def change_numbers(self, number: Callable[[ChangeEffect], int], code: pd.Series | None = None) -> pd.Series:
        """Return, per annotation or per `code`, a change's number out of its effect; NO_CHANGE for a null code."""
        return self._each(number, NO_CHANGE, code).astype(np.int64)

    def labels(self) -> pd.Series:
        """Return, per annotation, today's name of its class."""
        return self._each(lambda effect: effect.label, None, None).astype("str")

    def _each(self, value: Callable[[ChangeEffect], object], otherwise: object, code: pd.Series | None) -> pd.Series:
        code = self.code if code is None else code
        values = np.array([*(value(effect) for effect in self.effects), otherwise])
        position: NDArray[np.int64] = code.fillna(-1).to_numpy(dtype=np.int64)
        return pd.Series(values[position], index=code.index)


def read_changes(file: Path) -> Changes:
    """Return the changes; no file means none."""
    return load_config(file, Changes) if file.exists() else Changes()


def read_valid_changes(file: Path, classes_file: Path) -> Changes:
    """Return the changes. Raises UserError where they do not fit the classes."""
    changes = read_changes(file)
    if messages := change_problems(changes, read_classes(classes_file), file):
        raise UserError("\n".join(messages))
    return changes


def change_problems(changes: Changes, classes: Classes, file: Path = paths.CHANGES) -> list[str]:
    """Return where the changes contradict the classes or each other: file, line, key, what was found, what to do."""
    return [
        f"{key_line(file, 'changes', number, key)}: changes.{number}.{key}: {reason}"
        for number, change in enumerate(changes.changes)
        for key, reason in _change_faults(change, changes.changes[:number], changes.changes, classes)
    ]


def _change_faults(
    change: Change, before: Sequence[Change], every: Sequence[Change], classes: Classes
) -> Iterator[tuple[str, str]]:
    """Yield key and reason. A class that a later change touches need not be defined any more."""
    if not versions.is_not_newer(pd.Series([change.version]), classes.version).all():
        yield (
            "version",
            f"'{change.version}' is newer than {paths.CLASSES}, which is {classes.version}; raise the version there,"
            " or correct it here",
        )
    at = versions.version_numbers(change.version)
    same = [other for other in before if versions.version_numbers(other.version) == at]
    twice = {c for n, c in enumerate(change.classes) if c in change.classes[:n]}
    twice |= {c for other in same for c in set(change.classes) & set(other.classes)}
    for name in sorted(twice):
        yield "classes", f"'{name}' is changed twice in version {change.version}; make one change of it"
    if change.rule is not None and change.rule in [other.rule for other in same]:
        yield "rule", f"'{change.rule}' is changed twice in version {change.version}; make one change of it"
    later = {c for other in every if versions.version_numbers(other.version) > at for c in other.classes}
    known = {*classes.ids, *later}
    for name in change.to:
        if name not in known:
            yield "to", f"'{name}' is not defined in {paths.CLASSES}; define it there, or correct the id"
    if change.old_votes == "keep":
        for name in change.classes:
            if name not in known:
                yield (
                    "classes",
                    f"'{name}' is not defined in {paths.CLASSES} any more, so its old votes cannot be kept; expected"
                    " drop, map or requeue",
                )


def current_labels(annotations: pd.DataFrame, changes: Changes) -> pd.Series:
    """Return today's class of each annotation: old names of renamed or merged classes are mapped."""
    if not changes.changes:
        return annotations["label"]
    return change_effects(annotations, changes).labels().where(annotations["kind"] == "object", annotations["label"])


def is_known_label(annotations: pd.DataFrame, changes: Changes, defined: Sequence[str]) -> pd.Series:
    """Return which annotations name a class that is defined, or one that a change drops or requeues.

    An old annotation of a class that was split or removed breaks no rule: it was right when it was made. What becomes
    of it is stage consolidate's matter.
    """
    known = current_labels(annotations, changes).isin(defined)
    return known | change_effects(annotations, changes).where(
        lambda effect: effect.requeued_by != NO_CHANGE or effect.dropped_by != NO_CHANGE,
    )


def relabel_epochs(written_under: pd.Series, changes: Changes, old_votes: Sequence[str] = ("requeue",)) -> pd.Series:
    """Return, per annotation's guideline version, how many versions with a relabelling change it is not older than.

    `old_votes` says which changes count. An annotation of a later epoch is the newer one whatever the dates of the
    batches say: an answer under the old meaning that was handed in late does not replace one under the new meaning.
    """
    relabelling = {
        tuple(versions.version_numbers(c.version)): c.version for c in changes.changes if c.old_votes in old_votes
    }
    epoch = pd.Series(0, index=written_under.index)
    for version in relabelling.values():
        epoch += ~versions.is_older(written_under, version)
    return epoch


def change_effects(annotations: pd.DataFrame, changes: Changes) -> ChangeEffects:
    """Return what the changes do to each annotation; its columns kind, label and guideline_version are read."""
    labelled = pd.DataFrame({
        "label": annotations["label"].where(annotations["kind"] == "object"),
        "version": annotations["guideline_version"],
    })  # fmt: skip
    by = labelled.groupby(["label", "version"], dropna=False)
    distinct = labelled.assign(code=by.ngroup()).drop_duplicates("code").sort_values("code")
    order = changes.ordered()
    # One step per class and version, not per annotation.
    texts = distinct[["label", "version"]].astype(object).where(distinct[["label", "version"]].notna(), None)
    return ChangeEffects(
        by.ngroup(), [_change_effect(label, version or "", order) for label, version in texts.to_numpy()]
    )


def _change_effect(label: str | None, version: str, order: Sequence[Change]) -> ChangeEffect:
    made_at = versions.version_numbers(version)
    dropped_by = requeued_by = NO_CHANGE
    concerns, kept_in = set(), set()
    today = _current_name(label, version, order)
    for at, same in groupby(enumerate(order), key=lambda item: versions.version_numbers(item[1].version)):
        name = label
        for number, change in same:
            if made_at >= at:  # made under the new meaning
                named = {_current_name(c, change.version, order) for c in (*change.classes, *change.to)}
                is_named = today in named
            else:
                is_named = name in (*change.classes, *change.to)
                if change.touches(name):
                    dropped_by = number if change.old_votes == "drop" else dropped_by
                    requeued_by = number if change.old_votes == "requeue" else requeued_by
                    kept_in |= {tuple(at)} if change.old_votes == "keep" else set()
                    label = change.to[0] if change.old_votes == "map" else label
            if change.old_votes == "requeue" and (change.rule is not None or is_named):
                concerns.add(number)
    return ChangeEffect(label, dropped_by, requeued_by, frozenset(concerns), frozenset(kept_in))


def _current_name(label: str | None, version: str, order: Sequence[Change]) -> str | None:
    """Return today's name of a class that an annotation of `version` calls `label`."""
    made_at = versions.version_numbers(version)
    for at, same in groupby(order, key=lambda change: versions.version_numbers(change.version)):
        renamed = {c: change.to[0] for change in same if change.old_votes == "map" for c in change.classes}
        if made_at < at and label in renamed:
            label = renamed[label]
    return label


def is_outdated(
    statements: pd.DataFrame, effects: ChangeEffects, changes: Changes, defined: Sequence[str]
) -> pd.Series:
    """Return which statements count no longer, since others were made under the new meaning.

    `statements` has the columns object, guideline_version and meaning (a code of `effects`, null for ABSENT). A class
    that is not defined any more cannot be voted for, even where there is no newer statement.
    """
    classes = set(defined)
    codes = statements["meaning"]
    outdated = effects.where(lambda e: e.requeued_by != NO_CHANGE and e.label not in classes, codes) & codes.notna()
    for number, change in enumerate(changes.ordered()):
        if change.old_votes != "requeue":
            continue
        is_old = versions.is_older(statements["guideline_version"], change.version)
        concerned = effects.where(lambda e, n=number: n in e.concerns, codes)  # type: ignore[misc]
        in_question = frames.is_in(statements["object"], statements.loc[~is_old, "object"])
        if change.rule is None:
            in_question &= frames.is_in(statements["object"], statements.loc[concerned, "object"])
        at = tuple(versions.version_numbers(change.version))
        kept = effects.where(lambda e, at=at: at in e.kept_in, codes)  # type: ignore[misc]
        outdated |= is_old & in_question & ~kept
    return outdated

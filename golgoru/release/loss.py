"""What stops a release that lost most of its annotations to a rule: exit 0 and an empty data set would go unnoticed."""

import pandas as pd

from golgoru.core import paths
from golgoru.guideline.rules import RuleBook
from golgoru.tables import coded
from golgoru.tables.frames import table_path

_NO_LABELS = ("no vote", "superseded", "duplicate", "withdrawn")


def loss_reason(ledger: pd.DataFrame, rules: RuleBook, most: float) -> str | None:
    """Return why there must be no release; None where nothing speaks against it.

    One rule set aside more than the share `most` of the annotations that could be labels, or rules set aside what there
    was, and none is released. `ledger`: table release/ledger.
    """
    of_annotations = ledger[ledger["kind"] == "annotation"]
    labels = of_annotations[~of_annotations["fate"].isin(_NO_LABELS)]
    lost = labels[labels["fate"] == "set aside"]
    by_rule = coded.counts(lost["rule"])
    if by_rule.empty:
        return None
    released = bool(labels["fate"].isin(["released", "reviewed empty"]).any())
    if released and by_rule.iloc[0] <= most * len(labels):
        return None
    rule, number = str(by_rule.index[0]), int(by_rule.iloc[0])
    sentence = next((known.sentence for known in rules.rules if known.id == rule), "not in the rule book")
    example = lost.loc[lost["rule"] == rule, "key"].min()
    what = "no annotation is released; " if not released else ""
    return (
        f"{what}{rule} ({sentence}) set aside {number:,} of {len(labels):,} annotations, such as {example}\n"
        f"  see {table_path('violations')} and `dataset why {example}`; mend the labels, the guideline (a class that is"
        f" not defined: {paths.CLASSES}) or the rule ({paths.RULES})"
        + (f", or raise release.most_set_aside ({most:g}) in {paths.PARAMS}" if released else "")
    )

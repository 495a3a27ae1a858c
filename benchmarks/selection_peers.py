"""Run by benchmarks/selection.py in another environment: scikit-activeml's strategies choose from a pool."""

import sys
from pathlib import Path

import numpy as np
from skactiveml.classifier import SklearnClassifier
from skactiveml.pool import CoreSet, ProbCover, TypiClust, UncertaintySampling
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

MISSING = -1


def main(file: Path) -> None:
    with np.load(file) as given:
        vectors, label, seed = given["embeddings"], given["label"], int(given["seed"])
        labels, first, step = given["numbers"].tolist()
    rng = np.random.default_rng(2_000 + seed)
    classes = np.unique(label)
    model = SklearnClassifier(
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"), classes=classes, missing_label=MISSING
    )
    chosen = {}
    for method in ("margin_sampling", "entropy"):
        query = UncertaintySampling(method=method, missing_label=MISSING, random_state=seed)
        taken = rng.choice(len(label), first, replace=False)
        while len(taken) < labels:
            known = np.full(len(label), MISSING)
            known[taken] = label[taken]
            taken = np.concatenate([taken, query.query(vectors, known, clf=model, fit_clf=True, batch_size=step)])
        chosen[method] = taken
    for query in (CoreSet, TypiClust, ProbCover):
        strategy = query(missing_label=MISSING, random_state=seed)
        taken = np.empty(0, int)
        for size in (first, *[step] * ((labels - first) // step)):
            known = np.full(len(label), MISSING)
            known[taken] = label[taken]
            taken = np.concatenate([taken, strategy.query(vectors, known, batch_size=size)])
        chosen[query.__name__] = taken
    np.savez(file.with_name("chosen.npz"), **chosen)


main(Path(sys.argv[1]))

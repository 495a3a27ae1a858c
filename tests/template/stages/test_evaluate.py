"""Stage evaluate on pictures that are made here: scores, noise and forecasts, and what is not invented."""

from typing import Any

import pandas as pd
import pytest

from golgoru.tables import frames
from stages import predict
from stages.evaluate import Params, Tables, transform
from tests.template.builders.image_arrays import CLASSES, pictures


@pytest.fixture(autouse=True)
def repository(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class World:
    """Pictures with a label each, three people's votes, and a split: the last third is val and test."""

    def __init__(self, shown: list[str], said: list[str], votes: tuple[str, ...] = ("ann", "ben", "cem")) -> None:
        self.images = pictures(list(shown))
        names = self.images["image"].tolist()
        self.sources = frames.frame("sources", {"image": names, "delivery": "d", "date": "2026-01-01"})
        groups = {"image": names, "group": self.images["content"], "home": self.images["content"]}
        self.groups = frames.frame("groups", groups)
        rows = pd.DataFrame({"image": names, "content": self.images["content"], "label": said})
        rows = rows.assign(object=rows["content"], ignore=False, votes=len(votes), agreement=1.0, status="agreed")
        self.rows = rows.assign(source="human", guideline_version="1", group=rows["content"])
        ballots = [
            row | {"annotator": who} for row in rows[["object", "image", "label"]].to_dict("records") for who in votes
        ]
        table = pd.DataFrame(ballots, columns=["object", "image", "label", "annotator"])
        table = table.assign(review=False, weight=1.0, batch="b", guideline_version="1")
        self.ballots = frames.frame("votes", table)

    def disagree(self, every: int) -> "World":
        """Let cem call every n-th object blue."""
        chosen = self.rows["object"].iloc[::every]
        mask = (self.ballots["annotator"] == "cem") & self.ballots["object"].isin(chosen)
        self.ballots.loc[mask, "label"] = "blue"
        return self

    def evaluate(self, params: Params | None = None, cases: pd.DataFrame | None = None, **change: Any) -> Tables:
        size = len(self.rows)
        split = ["train"] * (2 * size // 3) + ["val", "val", "test", "test"] * size
        given: dict[str, Any] = {
            f"release_{name}": frames.frame(f"release/{name}", self.rows[[s == name for s in split[:size]]])
            for name in ("train", "val", "test")
        }
        given |= {
            "images": self.images,
            "sources": self.sources,
            "classes": CLASSES,
            "seed": 0,
            "ballots": self.ballots,
        }
        given["release_images"] = self.rows[["image", "group"]].astype("str")
        given["edge_case_hits"] = frames.frame("edge_case_hits") if cases is None else cases
        given["predictions"] = predict.transform(
            labels=frames.frame("labels", self.rows), images=self.images, sources=self.sources, groups=self.groups,
            copies=frames.frame("duplicates"),
        external_predictions=[], classes=CLASSES, task="classification", seed=0, params=predict.Params(),
        ).predictions  # fmt: skip
        found = transform(**(given | change), params=params or Params())
        for name in ("scores", "label_noise", "learning_curve", "forecast"):
            frames.to_bytes(getattr(found, name), name)
        return found


SHOWN = ["red", "green"] * 30


def test_what_was_learned_is_measured_on_what_was_not() -> None:
    found = World(SHOWN, SHOWN).evaluate()
    assert found.metrics["scores"]["built-in"]["test"]["accuracy"] == 1
    assert found.metrics["scores"]["built-in"]["val"]["objects"] == 10
    rows = found.scores.set_index(["split", "scope", "key", "measure"])["objects"]
    assert rows["test", "class", "red", "recall"] + rows["test", "class", "green", "recall"] == 10
    assert set(found.plots) == {"curve.csv", "recall.csv", "precision.csv"}
    assert found.plots["recall.csv"].decode() == "class,recall\ngreen,1.0\nred,1.0\n"


def test_noise_and_forecast_are_told_with_their_intervals() -> None:
    said = list(SHOWN)
    said[0], said[8], said[17] = "green", "green", "red"
    world = World(SHOWN, said)
    for place in (0, 8, 17):  # cem alone was right
        own = (world.ballots["annotator"] == "cem") & (world.ballots["object"] == world.rows["object"][place])
        world.ballots.loc[own, "label"] = SHOWN[place]
    found = world.evaluate()
    assert 0.01 < found.metrics["noise"]["votes and model"] < 0.06
    assert 0 < found.metrics["noise"]["double labels"] < 0.1
    assert found.metrics["noise"]["gold sample"] is None
    told = found.metrics["forecast"]
    for action in ("fix the first tenth of suspects", "add as many labels"):
        assert told[action]["labels"] == 4
        assert told[action]["low"] <= told[action]["change"] <= told[action]["high"]
    assert found.curve["noise_added"].max() == 1


def test_one_annotator_alone_gives_scores_and_no_noise() -> None:
    found = World(SHOWN, SHOWN, votes=("ann",)).evaluate()
    assert found.metrics["noise"] == {"gold sample": None, "double labels": None, "votes and model": None}
    assert set(found.forecast["why"]) == {"no estimate of the noise"}
    assert len(found.curve) == 5
    assert found.metrics["scores"]["built-in"]["test"]["accuracy"] == 1


@pytest.mark.parametrize("shown", [[], ["red"] * 30])
def test_nothing_or_one_class_is_stated(shown: list[str]) -> None:
    found = World(shown, shown).evaluate()
    assert found.scores.empty
    assert found.curve.empty
    assert found.forecast["why"][0] == "train has fewer than two classes to tell apart"
    assert found.noise["share"].isna().all() or found.noise["objects"].max() == 30


def test_curves_can_be_switched_off() -> None:
    found = World(SHOWN, SHOWN).evaluate(Params(curves=False))
    assert found.curve.empty
    assert set(found.forecast["why"]) == {"evaluate.curves is switched off"}
    assert len(found.scores)


def test_a_train_split_alone_has_nothing_to_be_judged_by() -> None:
    world = World(SHOWN, SHOWN)
    nothing = {f"release_{name}": frames.frame(f"release/{name}") for name in ("val", "test")}
    found = world.evaluate(**nothing)
    assert found.scores.empty
    assert set(found.forecast["why"]) == {"val and test hold nothing to judge by"}


def test_an_edge_case_has_its_own_score() -> None:
    world = World(SHOWN, SHOWN)
    held = world.rows.iloc[[40, 41, 42]]
    rows = pd.DataFrame(
        {"edge_case": "EDGE-001", "image": held["image"], "object": [held["object"].iloc[0], None, None]}
    )
    found = world.evaluate(cases=frames.frame("edge_case_hits", rows)).scores
    assert found.query("scope == 'edge case'").groupby("split")["objects"].sum().to_dict() == {"test": 1, "val": 2}


def test_a_teams_own_model_stands_beside_the_built_in_one() -> None:
    world = World(SHOWN, SHOWN)
    own = world.rows.assign(
        model="theirs", prediction=world.rows["object"], predicted="red", confidence=0.9, can_say=True
    )
    built_in = world.evaluate()
    predictions = frames.frame("predictions", own)
    found = world.evaluate(predictions=predictions)
    assert found.metrics["scores"]["theirs"]["test"]["accuracy"] == 0.5
    assert built_in.metrics["scores"].keys() == {"built-in"}


def test_the_order_of_rows_is_nothing() -> None:
    world = World(SHOWN, SHOWN).disagree(5)
    once = world.evaluate()
    world.rows = world.rows.sample(frac=1, random_state=1)
    world.ballots = world.ballots.sample(frac=1, random_state=1)
    split = {
        name: [s == name for s in ["train"] * 40 + ["val", "val", "test", "test"] * 5]
        for name in ("train", "val", "test")
    }
    back = world.rows.sort_index()
    change = {
        f"release_{n}": frames.frame(f"release/{n}", back[split[n]].sample(frac=1, random_state=2)) for n in split
    }
    again = world.evaluate(**change)
    for name in ("scores", "label_noise", "learning_curve", "forecast"):
        assert frames.to_bytes(getattr(once, name), name) == frames.to_bytes(getattr(again, name), name)
    assert once.metrics == again.metrics

"""Stage evaluate on images of a single colour: scores, label noise and forecasts, and where there are none."""

from typing import Any

import pandas as pd
import pytest

from golgoru.model import release_training
from golgoru.tables import frames
from stages import predict
from stages.evaluate import Params, Tables, transform
from tests.template.builders.image_arrays import CLASSES, single_colour_images


@pytest.fixture(autouse=True)
def repository(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class World:
    """Images with a label and three votes each, and a split: the last third is val and test."""

    def __init__(
        self, colours: list[str], labels: list[str], annotators: tuple[str, ...] = ("ann", "ben", "cem")
    ) -> None:
        self.images = single_colour_images(list(colours))
        names = self.images["image"].tolist()
        self.sources = frames.frame("sources", {"image": names, "delivery": "d", "date": "2026-01-01"})
        groups = {"image": names, "group": self.images["content"], "group_on_arrival": self.images["content"]}
        self.groups = frames.frame("groups", groups)
        rows = pd.DataFrame({"image": names, "content": self.images["content"], "label": labels})
        rows = rows.assign(object=rows["content"], ignore=False, votes=len(annotators), agreement=1.0, status="agreed")
        self.rows = rows.assign(source="human", guideline_version="1", group=rows["content"])
        votes = [
            row | {"annotator": who}
            for row in rows[["object", "image", "label"]].to_dict("records")
            for who in annotators
        ]
        table = pd.DataFrame(votes, columns=["object", "image", "label", "annotator"])
        table = table.assign(review=False, weight=1.0, batch="b", guideline_version="1")
        self.votes = frames.frame("votes", table)

    def disagree(self, every: int) -> "World":
        """Let cem vote blue for every n-th object."""
        chosen = self.rows["object"].iloc[::every]
        mask = (self.votes["annotator"] == "cem") & self.votes["object"].isin(chosen)
        self.votes.loc[mask, "label"] = "blue"
        return self

    def evaluate(
        self, params: Params | None = None, edge_case_hits: pd.DataFrame | None = None, **change: Any
    ) -> Tables:
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
            "votes": self.votes,
        }
        given["release_images"] = self.rows[["image", "group"]].astype("str")
        given["edge_case_hits"] = frames.frame("edge_case_hits") if edge_case_hits is None else edge_case_hits
        given["predictions"] = self.predictions().copy()
        result = transform(**(given | change), params=params or Params())
        for name in ("scores", "label_noise", "learning_curve", "forecast"):
            frames.to_bytes(getattr(result, name), name)
        return result

    def predictions(self) -> pd.DataFrame:
        """Return the model's predictions, which say the same whatever is voted and in whatever order the rows are."""
        key = "/".join(self.rows.sort_index()["label"])
        if key not in _PREDICTIONS:
            _PREDICTIONS[key] = predict.transform(
                labels=frames.frame("labels", self.rows), images=self.images, sources=self.sources,
                groups=self.groups, duplicates=frames.frame("duplicates"), external_predictions=[], classes=CLASSES,
                task="classification", seed=0, params=predict.Params(),
            ).predictions  # fmt: skip
        return _PREDICTIONS[key]


_PREDICTIONS: dict[str, pd.DataFrame] = {}  # by the labels
COLOURS = ["red", "green"] * 30


def test_scores_are_of_val_and_test() -> None:
    result = World(COLOURS, COLOURS).evaluate()
    assert result.metrics["scores"]["built-in"]["test"]["accuracy"] == 1
    assert result.metrics["scores"]["built-in"]["val"]["objects"] == 10
    rows = result.scores.set_index(["split", "scope", "key", "measure"])["objects"]
    assert rows["test", "class", "red", "recall"] + rows["test", "class", "green", "recall"] == 10
    assert set(result.plots) == {"learning-curve.csv", "recall.csv", "precision.csv"}
    assert result.plots["recall.csv"].decode() == "class,recall\ngreen,1.0\nred,1.0\n"


def test_label_noise_and_forecast_have_intervals() -> None:
    labels = list(COLOURS)
    labels[0], labels[8], labels[17] = "green", "green", "red"
    world = World(COLOURS, labels)
    for place in (0, 8, 17):  # only cem was right
        of_cem = (world.votes["annotator"] == "cem") & (world.votes["object"] == world.rows["object"][place])
        world.votes.loc[of_cem, "label"] = COLOURS[place]
    result = world.evaluate()
    assert 0.01 < result.metrics["noise"]["votes and model"] < 0.06
    assert 0 < result.metrics["noise"]["double labels"] < 0.1
    assert result.metrics["noise"]["gold sample"] is None
    forecast = result.metrics["forecast"]
    for action in ("fix the first tenth of label issues", "add as many labels"):
        assert forecast[action]["labels"] == 4
        assert forecast[action]["low"] <= forecast[action]["change"] <= forecast[action]["high"]
    assert result.learning_curve["noise_added"].max() == 1


def test_a_single_annotator_gives_scores_and_no_noise() -> None:
    result = World(COLOURS, COLOURS, annotators=("ann",)).evaluate()
    assert result.metrics["noise"] == {"gold sample": None, "double labels": None, "votes and model": None}
    assert set(result.forecast["reason"]) == {"there is no estimate of the label noise"}
    assert len(result.learning_curve) == 5
    assert result.metrics["scores"]["built-in"]["test"]["accuracy"] == 1


@pytest.mark.parametrize("colours", [[], ["red"] * 30])
def test_nothing_or_one_class_is_stated(colours: list[str]) -> None:
    result = World(colours, colours).evaluate()
    assert result.scores.empty
    assert result.learning_curve.empty
    assert result.forecast["reason"][0] == "train has fewer than two classes"
    assert result.label_noise["share"].isna().all() or result.label_noise["objects"].max() == 30


def test_curves_can_be_switched_off() -> None:
    result = World(COLOURS, COLOURS).evaluate(Params(curves=False))
    assert result.learning_curve.empty
    assert set(result.forecast["reason"]) == {"evaluate.curves is switched off"}
    assert len(result.scores)


def test_a_train_split_alone_has_no_scores() -> None:
    world = World(COLOURS, COLOURS)
    empty = {f"release_{name}": frames.frame(f"release/{name}") for name in ("val", "test")}
    result = world.evaluate(**empty)
    assert result.scores.empty
    assert set(result.forecast["reason"]) == {"val and test have no objects to evaluate on"}


def test_an_edge_case_has_its_own_score() -> None:
    world = World(COLOURS, COLOURS)
    held = world.rows.iloc[[40, 41, 42]]
    rows = pd.DataFrame(
        {"edge_case": "EDGE-001", "image": held["image"], "object": [held["object"].iloc[0], None, None]}
    )
    result = world.evaluate(edge_case_hits=frames.frame("edge_case_hits", rows)).scores
    assert result.query("scope == 'edge case'").groupby("split")["objects"].sum().to_dict() == {"test": 1, "val": 2}


def test_a_teams_own_model_stands_beside_the_built_in_one() -> None:
    world = World(COLOURS, COLOURS)
    external = world.rows.assign(
        model="theirs", prediction=world.rows["object"], predicted="red", confidence=0.9, class_learned=True
    )
    built_in = world.evaluate()
    predictions = frames.frame("predictions", external)
    result = world.evaluate(predictions=predictions)
    assert result.metrics["scores"]["theirs"]["test"]["accuracy"] == 0.5
    assert built_in.metrics["scores"].keys() == {"built-in"}


def test_the_order_of_rows_is_irrelevant() -> None:
    world = World(COLOURS, COLOURS).disagree(5)
    once = world.evaluate()
    world.rows = world.rows.sample(frac=1, random_state=1)
    world.votes = world.votes.sample(frac=1, random_state=1)
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


def test_of_many_objects_a_sample_is_scored_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(COLOURS, COLOURS)
    whole = world.evaluate(Params(curves=False))
    assert "of" not in whole.metrics["scores"]["built-in"]["test"]
    monkeypatch.setattr(release_training, "FITTED_WHOLE", 20)
    monkeypatch.setattr(release_training, "SCORED_ROWS", 6)
    sampled = world.evaluate(Params(curves=False))
    scores = sampled.metrics["scores"]["built-in"]["test"]
    assert (scores["objects"], scores["of"]) == (6, whole.metrics["scores"]["built-in"]["test"]["objects"])
    overall = sampled.scores[sampled.scores["scope"] == "all"]
    assert overall["objects"].tolist() == [6, 6]
    assert (overall["value"] == 1).all()

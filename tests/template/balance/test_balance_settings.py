"""What cannot be meant, or met, in block `rebalance` of params.yaml is refused with key and line."""

# ruff: noqa: E501  (a golden message stands on one line)

from pathlib import Path

import pytest

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import load_config
from golgoru.guideline.classes import Classes
from stages import rebalance
from tests.template.builders.balance_tables import CASES, tables


def refused(tmp_path, monkeypatch, block, **settings):
    """Return what is said of a block `rebalance` of params.yaml, on loading or on running."""
    monkeypatch.chdir(tmp_path)
    paths.PARAMS.write_text("rebalance:\n" + block)
    with pytest.raises(UserError) as error:
        params = load_config(paths.PARAMS, rebalance.Params, within="rebalance")
        guideline = Classes.model_validate({"version": "1", "classes": [{"id": "cat"}, {"id": "dog"}]})
        shown = settings.pop("shown", [["cat"]] * 9 + [["dog"]])
        rebalance.transform(**tables(shown, **settings), classes=guideline, edge_cases=CASES, params=params)
    return str(error.value).replace("params.yaml:", "").replace("rebalance.targets.", "").splitlines()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("{to: even}", "3: 0.to: Input should be 'natural', 'square root', 'uniform', 'effective number' or 'repeat factor', found 'even'"),
        ("{by: class}", "3: 0: expected one of the keys to, shares, cap and floor"),
        ("{shares: {cat: 0.7, dog: 0.4}}", "3: 0.shares: the shares add up to 1.1, which is more than 1"),
        ("{shares: {cat: 0.7, dog: 0.2}}", "3: 0.shares: the shares add up to 0.9, and there is no other class to take the rest; make them add up to 1"),
        ("{shares: {cat: 1.2}}", "3: 0.shares: expected a share from 0 to 1 for 'cat', found 1.2"),
        ("{shares: {cat: yes}}", "3: 0.shares: expected a share from 0 to 1 for 'cat', found 'yes'"),
        ("{shares: {3: 0.5}}", "3: 0.shares: expected names as text; put 3 in quotes"),
        ("{shares: 0.5}", "3: 0.shares: expected a share from 0 to 1, one for each of some values, found 0.5"),
        ("{to: uniform, shares: {cat: 0.5}}", "3: 0.shares: 'to' and 'shares' exclude each other"),
        ("{shares: {catt: 0.7}}", "3: 0.shares.catt: there is no class 'catt'; there are cat, dog"),
        ("{cap: {catt: 7}}", "3: 0.cap.catt: there is no class 'catt'; there are cat, dog"),
        ("{floor: {catt: 0.1}}", "3: 0.floor.catt: there is no class 'catt'; there are cat, dog"),
        ("{cap: 0}", "3: 0.cap: expected a whole number of images, 1 or more, or one for each of some values, found 0"),
        ("{cap: {cat: 2.5}}", "3: 0.cap: expected a whole number of images, 1 or more for 'cat', found 2.5"),
        ("{to: uniform, floor: 0.6}", "3: 0.floor: the floors of 2 values add up to 1.2, which is more than 1"),
        ("{floor: {cat: 0.6, dog: 0.5}}", "3: 0.floor: the floors add up to 1.1, which is more than 1"),
        ("{shares: {cat: 0.9}, floor: 0.2}", "3: 0.floor: the floors and the shares given add up to 1.1, which is more than 1"),
        ("{shares: {cat: 0.1}, floor: {cat: 0.2}}", "3: 0.shares.cat: 0.1 is below the floor of 0.2"),
        ("{to: repeat factor, floor: 0.1}", "3: 0.floor: 'repeat factor' weighs images and takes no floor of shares"),
        ("{to: uniform, beta: 0.9}", "3: 0.beta: belongs to 'to: effective number'"),
        ("{to: uniform, threshold: 0.1}", "3: 0.threshold: belongs to 'to: repeat factor'"),
        ("{to: effective number, beta: 1}", "3: 0.beta: Input should be less than 1, found 1"),
        ("{by: site, to: uniform}", "3: 0.by: 'site' is neither class nor edge case, nor a column to balance by; there are camera, date, delivery, group_key, licence"),
        ("{by: brightness, to: uniform}", "3: 0.by: 'brightness' is neither class nor edge case, nor a column to balance by; there are camera, date, delivery, group_key, licence"),
        ("{by: camera, shares: {east: 0.5}}", "3: 0.shares.east: there is no value of camera 'east'; there are north, south"),
        ("{by: edge case, cap: {EDGE-003: 5}}", "3: 0.cap.EDGE-003: there is no edge case 'EDGE-003'; there are none of them"),
        ("{to: uniform}\n    - {to: natural}", "4: 1.by: there is a target by 'class' already; merge them (first in line 3)"),
    ],
)  # fmt: skip
def test_impossible_targets_are_refused_with_key_and_line(tmp_path, monkeypatch, target, message):
    columns = {"camera": ["north"] * 9 + ["south"], "brightness": [0.5] * 10}
    assert refused(tmp_path, monkeypatch, f"  targets:\n    - {target}\n", **columns) == [message]


def test_other_settings_that_are_refused(tmp_path, monkeypatch):
    assert refused(tmp_path, monkeypatch, "  max_weight: 0.5\n") == [
        "2: rebalance.max_weight: Input should be greater than or equal to 1, found 0.5"
    ]
    assert refused(tmp_path, monkeypatch, "  min_weight: 0\n") == [
        "2: rebalance.min_weight: Input should be greater than 0, found 0"
    ]
    assert refused(tmp_path, monkeypatch, "  splits: [dev]\n") == [
        "2: rebalance.splits.0: Input should be 'train', 'val' or 'test', found 'dev'"
    ]
    many = {"site": [str(n) for n in range(2001)], "shown": [["cat"]] * 2001}
    assert refused(tmp_path, monkeypatch, "  targets:\n    - {by: site, to: uniform}\n", **many) == [
        "3: 0.by: 'site' has 2001 values; at most 2000 can be balanced"
    ]


def test_the_settings_on_the_page_about_balance_can_be_meant(tmp_path):
    page = (Path(__file__).parents[3] / "docs/balance.md").read_text()
    (tmp_path / "params.yaml").write_text(page.split("```yaml\n")[1].split("```")[0])
    params = load_config(tmp_path / "params.yaml", rebalance.Params, within="rebalance")
    assert [target.by for target in params.targets] == ["class", "camera"]
    assert params.model_copy(update={"targets": ()}) == rebalance.Params(targets=())

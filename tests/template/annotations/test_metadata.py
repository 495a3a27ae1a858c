"""Metadata per picture: typed columns, a bad line is a reject, a file that does not fit one message."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from golgoru.annotations import metadata
from golgoru.core.errors import UserError
from golgoru.raw.deliveries import Delivery, Description

IMAGES = ["d/1.png", "d/2.png", "d/sub/3.png"]
DECLARED = {"site": "text", "visits": "integer", "dose": "number", "day": "yes/no"}


def delivery(folder: Path, text: str | bytes | None, declared: dict[str, Any] = DECLARED) -> Delivery:
    file = folder / "d.csv"
    if text is not None:
        file.write_bytes(text.encode() if isinstance(text, str) else text)
    description = Description.model_validate({"date": "2026-01-05", "metadata": declared})
    return Delivery("d", folder / "d.yaml", description, file if text is not None else None, None)


def read(folder: Path, text: str | bytes | None, declared: dict[str, Any] = DECLARED) -> metadata.Metadata:
    return metadata.read_metadata(delivery(folder, text, declared), IMAGES)


def message(folder: Path, text: str | bytes | None, declared: dict[str, Any] = DECLARED) -> str:
    with pytest.raises(UserError) as error:
        read(folder, text, declared)
    return str(error.value).replace(f"{folder}/", "")


def test_values_have_their_types_and_empty_ones_are_null(tmp_path: Path) -> None:
    text = "image,visits,site,dose,day\n1.png,3.0,Köln,0.1,YES\nsub/3.png,,,,\n2.png,-7, a ,1e3,0\n"
    values, rejects = read(tmp_path, text)
    assert rejects == [] and list(values.index) == ["d/1.png", "d/sub/3.png", "d/2.png"]
    assert {name: str(kind) for name, kind in values.dtypes.items()} == {
        "site": "str",
        "visits": "Int64",
        "dose": "float64",
        "day": "boolean",
    }
    assert values.loc["d/1.png"].to_list() == ["Köln", 3, 0.1, True]
    assert values.loc["d/2.png"].to_list() == [" a ", -7, 1000.0, False]
    assert values.loc["d/sub/3.png"].isna().all()


def test_long_integers_keep_every_digit(tmp_path: Path) -> None:
    text = "image,visits\n1.png,9007199254740993\n2.png,\n"
    assert read(tmp_path, text, {"visits": "integer"}).values["visits"].to_list() == [9007199254740993, pd.NA]


def test_lines_that_cannot_be_taken_are_rejects_with_line_and_reason(tmp_path: Path) -> None:
    lines = {
        "9.png,a,1,1,yes": "names no picture of the delivery: 9.png,a,1,1,yes",
        "../d/1.png,a,1,1,yes": "names no picture of the delivery: ../d/1.png,a,1,1,yes",
        ",a,1,1,yes": "names no picture of the delivery: ,a,1,1,yes",
        "2.png,a,1.5,1,yes": "the picture has more than one line: 2.png,a,1.5,1,yes",
        "2.png,a,1,1,yes": "the picture has more than one line: 2.png,a,1,1,yes",
        "sub/3.png,a,1,1": "found 4 values, expected 5 values: sub/3.png,a,1,1",
    }
    values, rejects = read(tmp_path, "\n".join(["image,site,visits,dose,day", "1.png,a,1,1,no", *lines]))
    assert list(values.index) == ["d/1.png"]
    assert {(reject.file, reject.line, reject.error) for reject in rejects} == {
        ("deliveries/d.csv", line, error) for line, error in enumerate(lines.values(), start=3)
    }


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *[("integer", value) for value in ("1.5", "x", "1e30", "9" * 19, "９", "nan", "1_0")],
        *[("number", value) for value in ("x", "nan", "inf", "1e999", "1_0", "0x1")],
        *[("yes/no", value) for value in ("maybe", "2", "y")],
    ],
)
def test_a_value_of_another_type_costs_its_line(tmp_path: Path, kind: str, value: str) -> None:
    values, rejects = read(tmp_path, f"image,m\n1.png,{value}\n2.png,1\n", {"m": kind})
    assert [(reject.line, reject.error) for reject in rejects] == [(2, f"m is no {kind}: 1.png,{value}")]
    assert list(values.index) == ["d/2.png"]


def test_nothing_declared_and_nothing_there(tmp_path: Path) -> None:
    assert read(tmp_path, None, {}).values.empty
    values, rejects = read(tmp_path, "image\n1.png\n9.png\n", {})
    assert list(values.index) == ["d/1.png"] and len(rejects) == 1


def test_files_that_do_not_fit_their_description(tmp_path: Path) -> None:
    assert message(tmp_path, None) == "d.yaml: metadata is declared, but d.csv is missing"
    assert message(tmp_path, "image,site,camera\n", {"site": "text", "dose": "number"}) == (
        "d.csv:1: expected the columns image, site, dose; missing: dose, not declared: camera; "
        "declare them under 'metadata' of d.yaml (text, integer, number or yes/no)"
    )
    assert message(tmp_path, "", {}) == (
        "d.csv:1: expected the columns image, (none declared); missing: image, not declared: none; "
        "declare them under 'metadata' of d.yaml (text, integer, number or yes/no)"
    )
    assert message(tmp_path, b"image\n\xff.png\n", {}) == "d.csv: not UTF-8 text (byte 6); save it as UTF-8"
    assert message(tmp_path, "image,site,site\n", {"site": "text"}) == "d.csv: column names used twice: site"


def test_deliveries_agree_on_the_type_of_a_column(tmp_path: Path) -> None:
    one, other = delivery(tmp_path, None, {"m": "text"}), delivery(tmp_path, None, {"m": "number", "a": "yes/no"})
    assert metadata.metadata_dtypes([other]) == {"a": "boolean", "m": "float64"}
    with pytest.raises(UserError, match=r"d.yaml: metadata.m is number, but text in .*d.yaml; make them equal"):
        metadata.metadata_dtypes([one, other])

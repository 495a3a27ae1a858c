"""A payload that is read in slices gives what it gives as a whole, wherever it is cut."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from golgoru.annotations.from_payload import slices_to_annotations, to_annotations
from golgoru.annotations.row_content import content_digest
from golgoru.formats import payload as payloads
from golgoru.formats.payload import Payload, rows_frame, whole_payload
from golgoru.raw.batches import Batch, BatchFile, payload_slices, read_payload
from golgoru.tables import frames
from tests.template.builders.payloads import batch

# The key of a row with nothing but its image, 1.png, in a batch of which another row has an id.
KEY_OF_1 = content_digest("1.png\x1f\x1f") + "-1"
VALUES = st.sampled_from(["a", "\x1fa", "", None, 1, 1.5, float("nan")])
ROWS = st.lists(
    st.fixed_dictionaries(
        {"image": st.sampled_from(["1.png", "2.png", ""])},
        optional={
            "label": VALUES,
            "text": VALUES,
            "x": VALUES,
            "id": st.sampled_from(["i", "j", "k", None, KEY_OF_1]),
        },
    ),
    max_size=7,
)


def in_slices(rows: list[dict[str, Any]], sizes: list[int]) -> tuple[bytes, list[tuple[Any, ...]]]:
    """Return the table of a batch, as bytes, and its rejects, where the payload comes in slices of these sizes."""
    written = {"format": "csv", "source": "human", "date": date(2026, 1, 5), "guideline_version": "1.0"}
    of = Batch("b", Path("batch.yaml"), BatchFile.model_validate({**written, "annotator": "ann"}), Path("payload"))
    numbered = [{"file": "a", "line": line, **row} for line, row in enumerate(rows, start=1)]
    bounds = [sum(sizes[:n]) for n in range(len(sizes) + 1)]
    parts = [numbered[a:b] for a, b in zip(bounds, [*bounds[1:], None], strict=True)]
    annotations, rejects = slices_to_annotations(lambda: [Payload(rows_frame(part), []) for part in parts], of)
    return frames.to_bytes(annotations, "annotations"), [tuple(reject) for reject in rejects]


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, sizes=st.lists(st.integers(0, 3), max_size=4))
@example([{"image": "1.png"}, {"image": "2.png", "label": "a"}], [1])  # a field that the first slice lacks
@example([{"image": "1.png", "id": "i"}, {"image": "2.png", "id": "i"}], [1])
@example([{"image": "1.png"}, {"image": "2.png", "id": KEY_OF_1}], [1])
@example([{"image": "1.png"}, {"image": "1.png"}, {"image": "2.png", "id": KEY_OF_1, "label": "a"}], [1, 1])
def test_where_a_payload_is_cut_changes_nothing(rows: list[dict[str, Any]], sizes: list[int]) -> None:
    assert in_slices(rows, sizes) == in_slices(rows, [])


def test_an_id_that_is_the_key_of_a_row_of_another_slice_is_refused() -> None:
    _, rejects = in_slices([{"image": "1.png"}, {"image": "2.png", "id": KEY_OF_1}], [1])
    assert [reject[1] for reject in rejects] == [2]


FILES: dict[str, dict[str, str | bytes | pa.Table]] = {
    "csv": {
        "a.csv": 'image,label,x\n1.png,a,\n2.png,"b\nc",1\n\n"3.png,stray\n4.png,b,2\n5.png\n6.png,c,3\n',
        "b.csv": "image,text,extra\n7.png,t,1\n8.png,,2\n",
        "c.csv": "",
        "d.csv": b"image\n" + b"9.png\n" * 5 + b"\xff\n",
    },
    "jsonl": {
        "a.jsonl": "".join(json.dumps({"image": f"{n}.png", "x": [n]}) + "\n" for n in range(5)) + "{\n\n{}",
        "b.jsonl": '{"image": "9.png", "label": "a", "other": 1}\r\n' * 3,
    },
    "parquet": {
        "a.parquet": pa.table({"image": [f"{n}.png" for n in range(7)], "label": ["a", "", None, "b", "c", "d", "e"]}),
        "b.parquet": pa.table({"image": ["8.png", "9.png"], "text": [b"t", b"u"], "more": [1, 2]}),
        "c.parquet": b"PAR1",
    },
    "icdar": {f"{n}.txt": "0,0,1,0,1,1,0,1,a\n0,0,1\n0,0,1,0,1,1,0,1,b\n" for n in range(4)},
    "voc": {f"{n}.xml": f"<annotation><filename>{n}.png</filename></annotation>" for n in range(5)} | {"x.xml": "<"},
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("form", FILES)
def test_every_format_gives_the_same_in_slices_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, size: int
) -> None:
    of = batch(tmp_path, FILES[form], form, boxes="edges" if form == "voc" else None)
    whole = read_payload(of, [])
    expected, rejects = to_annotations(whole, of)
    monkeypatch.setattr(payloads, "SLICE_ROWS", size)
    slices = list(payload_slices(of, []))
    # An ICDAR file, here of two boxes, stays together.
    assert len(slices) >= 2 and max(len(part.rows) for part in slices) <= size + 1
    assert whole_payload(slices).rows.equals(whole.rows)
    assert whole_payload(slices).unused_columns == whole.unused_columns
    annotations, found = slices_to_annotations(lambda: payload_slices(of, []), of)
    pd.testing.assert_frame_equal(annotations, expected)
    assert sorted(map(str, found)) == sorted(map(str, rejects)) != []


def test_a_file_that_breaks_off_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "payload" / "b.parquet"
    of = batch(tmp_path, {"a.parquet": pa.table({"image": ["a.png"]})}, "parquet")
    (tmp_path / "payload" / "c.parquet").write_bytes((tmp_path / "payload" / "a.parquet").read_bytes())
    rows = {"image": [f"b-{n}.png" for n in range(60)], "label": [f"label-{n}" for n in range(60)]}
    pq.write_table(pa.table(rows), broken, row_group_size=20, use_dictionary=False)
    last_group = pq.ParquetFile(broken).metadata.row_group(2).column(0).data_page_offset
    content = bytearray(broken.read_bytes())
    content[last_group : last_group + 60] = b"\xff" * 60
    broken.write_bytes(content)
    monkeypatch.setattr(payloads, "SLICE_ROWS", 10)
    annotations, (reject,) = slices_to_annotations(lambda: payload_slices(of, []), of)
    assert [part.withdrawn for part in payload_slices(of, []) if part.withdrawn] == [4]
    assert list(annotations["image"]) == ["a.png", "a.png"]
    assert (reject.file, reject.line) == ("b.parquet", None)
    assert reject.error.startswith("not a readable Parquet file: ")
    # Its column `label` counts for nothing either: the keys are those that the other files have alone.
    broken.unlink()
    alone, _ = to_annotations(read_payload(of, []), of)
    pd.testing.assert_frame_equal(annotations, alone)

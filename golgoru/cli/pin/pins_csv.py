"""Which pins may be recorded in data/raw/pins.csv, and recording them."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow.dataset as ds

from golgoru.cli.common.table_lookup import is_one_of, open_table, resolve_key, select_rows, table_file
from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.raw.pins import Pin, read_pins

_HEADER = b"image,split,reason\n"


class PinRequest(NamedTuple):
    """A pin to record; `was` is the split of the image now."""

    image: str
    split: str
    reason: str
    was: str = ""


class SortedRequests(NamedTuple):
    """Pins to record, and those that the file has already."""

    new: list[PinRequest]
    recorded: list[Pin]


def find_image(name: str) -> str:
    """Return the image that a name means. Raises UserError for an unknown image, and for one that cannot be read."""
    images = open_table(table_file("images"))
    anything = ds.scalar(value=True)
    image = resolve_key(name, [(images, anything, "image", anything)])
    if not select_rows(open_table(table_file("groups")), ds.field("image") == image, ["image"]):
        raise UserError(f"'{image}' cannot be read, so it is in no split; `dataset why {image}` says why")
    return image


def read_proposed_pins() -> list[PinRequest]:
    """Return the pins that stage split proposes. Raises UserError where groups have changed since."""
    table = open_table(table_file("proposed_pins"))
    rows = sorted(select_rows(table, ds.scalar(value=True)), key=lambda row: str(row["image"]))
    group_of = _groups_of(row["image"] for row in rows)
    for row in rows:
        if group_of.get(row["image"]) != row["group"]:
            raise UserError(
                f"{table_file('proposed_pins')}: '{row['image']}' is no longer in group {row['group']}: the "
                f"proposals are older than {table_file('groups')}; run `dvc repro` first"
            )
    return [PinRequest(row["image"], row["split"], f"covers {row['covers']}", row["was"]) for row in rows]


def sort_requests(requests: Sequence[PinRequest]) -> SortedRequests:
    """Return which pins are new. Raises UserError where one group would be pinned to two splits."""
    pins = read_pins(paths.PINS)
    group_of = _groups_of([*(pin.image for pin in pins), *(request.image for request in requests)])
    by_group = {group_of[pin.image]: pin for pin in reversed(pins) if pin.image in group_of}
    recorded = {(pin.image, pin.split): pin for pin in reversed(pins)}
    result = SortedRequests([], [])
    for request in dict.fromkeys(requests):
        other = by_group.get(group_of.get(request.image, ""))
        if other is not None and other.split != request.split:
            named = f"'{other.image}' of the same group" if other.image != request.image else "it"
            raise UserError(
                f"{paths.PINS}:{other.line}: pins {named} to {other.split}, so '{request.image}' cannot go to "
                f"{request.split}; change that line, or leave this pin out"
            )
        if (request.image, request.split) in recorded:
            result.recorded.append(recorded[request.image, request.split])
        else:
            result.new.append(request)
    return result


def append_pins(requests: Sequence[PinRequest]) -> None:
    """Append pins to the file with its own line ending; the lines before stay byte for byte."""
    before = paths.PINS.read_bytes() if paths.PINS.exists() else _HEADER
    end = "\r\n" if b"\r\n" in before else "\n"
    lines = io.StringIO(newline="")
    csv.writer(lines, lineterminator=end).writerows(
        [request.image, request.split, request.reason] for request in requests
    )
    joint = b"" if before.endswith((b"\n", b"\r")) else end.encode()
    write_bytes(paths.PINS, before + joint + lines.getvalue().encode())


def _groups_of(images: Iterable[str]) -> dict[str, str]:
    rows = select_rows(open_table(table_file("groups")), is_one_of("image", images), ["image", "group"])
    return {row["image"]: row["group"] for row in rows}

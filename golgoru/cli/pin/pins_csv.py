"""data/raw/pins.csv: which pins may be recorded, and recording them."""

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
    """A pin that somebody wants; `was` is where the image stands now."""

    image: str
    split: str
    reason: str
    was: str = ""


class SortedRequests(NamedTuple):
    """Wishes to record, and pins that say the same already."""

    new: list[PinRequest]
    there: list[Pin]


def find_image(name: str) -> str:
    """Return the image that a name means. Raises UserError for an unknown one, and one that cannot be opened."""
    images = open_table(table_file("images"))
    anything = ds.scalar(value=True)
    image = resolve_key(name, [(images, anything, "image", anything)])
    if not select_rows(open_table(table_file("groups")), ds.field("image") == image, ["image"]):
        raise UserError(f"'{image}' cannot be opened, so it stands in no split; `dataset why {image}` says why")
    return image


def read_proposed_pins() -> list[PinRequest]:
    """Return the pins that stage split proposes. Raises UserError where groups have changed since."""
    table = open_table(table_file("proposed_pins"))
    rows = sorted(select_rows(table, ds.scalar(value=True)), key=lambda row: str(row["image"]))
    now = _groups(row["image"] for row in rows)
    for row in rows:
        if now.get(row["image"]) != row["group"]:
            raise UserError(
                f"{table_file('proposed_pins')}: '{row['image']}' is not of group {row['group']} any more: the "
                f"proposals are older than {table_file('groups')}; run `dvc repro` first"
            )
    return [PinRequest(row["image"], row["split"], f"seats {row['seats']}", row["was"]) for row in rows]


def sort_requests(wishes: Sequence[PinRequest]) -> SortedRequests:
    """Return what is new and what is there. Raises UserError where a pin would tear a group."""
    pins = read_pins(paths.PINS)
    group_of = _groups([*(pin.image for pin in pins), *(wish.image for wish in wishes)])
    by_group = {group_of[pin.image]: pin for pin in reversed(pins) if pin.image in group_of}
    same = {(pin.image, pin.split): pin for pin in reversed(pins)}
    found = SortedRequests([], [])
    for wish in dict.fromkeys(wishes):
        other = by_group.get(group_of.get(wish.image, ""))
        if other is not None and other.split != wish.split:
            whose = f"'{other.image}' of the same group" if other.image != wish.image else "it"
            raise UserError(
                f"{paths.PINS}:{other.line}: pins {whose} to {other.split}, so '{wish.image}' cannot go to "
                f"{wish.split}; change that line, or leave this pin out"
            )
        if (wish.image, wish.split) in same:
            found.there.append(same[wish.image, wish.split])
        else:
            found.new.append(wish)
    return found


def append_pins(wishes: Sequence[PinRequest]) -> None:
    """Append pins to the file, as its other lines end; what stands there stays byte for byte."""
    there = paths.PINS.read_bytes() if paths.PINS.exists() else _HEADER
    end = "\r\n" if b"\r\n" in there else "\n"
    lines = io.StringIO(newline="")
    csv.writer(lines, lineterminator=end).writerows([wish.image, wish.split, wish.reason] for wish in wishes)
    joint = b"" if there.endswith((b"\n", b"\r")) else end.encode()
    write_bytes(paths.PINS, there + joint + lines.getvalue().encode())


def _groups(images: Iterable[str]) -> dict[str, str]:
    rows = select_rows(open_table(table_file("groups")), is_one_of("image", images), ["image", "group"])
    return {row["image"]: row["group"] for row in rows}

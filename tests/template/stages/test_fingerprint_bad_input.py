"""Untrusted files: each has one row that says what is wrong, and breaks its rule; the other files are unharmed."""

import contextlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from golgoru.core import storage
from golgoru.tables import frames
from stages import validate
from tests.template.builders.deliveries import deliver, png, pointer, refusal, rows, run
from tests.template.builders.frozen import FROZEN
from tests.template.images.test_decode import bomb, encoded, photo
from tests.template.stages.test_validate import arguments

TWICE = {"save_all": True, "append_images": [photo().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]}
FRAMES = "several frames or pages in one file; expected one picture"
TRUNCATED = "truncated: the file ends before the picture does"
UNKNOWN = "no picture of a known format"
TOO_LARGE = "more pixels than the limit of 100,000,000"


def vast_png() -> bytes:
    """A sound PNG of 30,000 x 30,000 pixels in 110 kB."""
    data = bomb(30_000, 30_000)
    lines = zlib.compress(bytes(30_000 * (1 + 30_000 // 8)))
    body = b"IDAT" + lines
    header = b"IHDR" + data[16:24] + bytes([1, 0, 0, 0, 0])
    parts = (header, body, b"IEND")
    return data[:8] + b"".join((len(part) - 4).to_bytes(4) + part + zlib.crc32(part).to_bytes(4) for part in parts)


def vast_jpeg() -> bytes:
    """A JPEG whose header claims 30,000 x 30,000 pixels."""
    data = encoded(photo(), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + (30_000).to_bytes(2) * 2 + data[at + 4 :]


def cut(form: str) -> bytes:
    data = encoded(photo(200, 200), form)
    return data[: len(data) // 2]


BAD = {
    "empty.png": (b"", "the file is empty"),
    "zeros.png": (bytes(5_000), UNKNOWN),
    "page-not-found.jpg": (b"<!DOCTYPE html><title>404</title>", UNKNOWN),
    "head-alone.jpg": (encoded(photo(), "JPEG")[:20], UNKNOWN),
    "cut.jpg": (cut("JPEG"), TRUNCATED),
    "cut.png": (cut("PNG"), TRUNCATED),
    "cut.webp": (cut("WEBP"), "damaged"),
    "bomb.png": (bomb(50_000, 50_000), TOO_LARGE),
    "vast.png": (vast_png(), TOO_LARGE),
    "vast.jpg": (vast_jpeg(), TOO_LARGE),
    "moving.gif": (encoded(photo(), "GIF", **TWICE), FRAMES),
    "moving.webp": (encoded(photo(), "WEBP", **TWICE), FRAMES),
    "moving.png": (encoded(photo(), "PNG", **TWICE), FRAMES),
    "pages.tif": (encoded(photo(), "TIFF", **TWICE), FRAMES),
}


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(photo(), "JPEG", exif=exif)


DEEP = Image.fromarray((np.arange(40 * 30, dtype=np.uint16) * 50).reshape(30, 40))
GOOD = {
    "cmyk.jpg": (encoded(photo().convert("CMYK"), "JPEG"), ("JPEG", "CMYK", 40, 30)),
    "deep.png": (encoded(DEEP), ("PNG", "I;16", 40, 30)),
    "palette.png": (encoded(photo().convert("P")), ("PNG", "P", 40, 30)),
    "see-through.png": (encoded(photo().convert("RGBA")), ("PNG", "RGBA", 40, 30)),
    "still.gif": (encoded(photo(), "GIF"), ("GIF", "P", 40, 30)),
    "turned.jpg": (turned(), ("JPEG", "RGB", 30, 40)),
    "one-pixel.png": (png(1, (1, 1)), ("PNG", "RGB", 1, 1)),
    "one-pixel.jpg": (encoded(photo(1, 1), "JPEG"), ("JPEG", "RGB", 1, 1)),
    "not-a.png": (encoded(photo(41, 30), "JPEG"), ("JPEG", "RGB", 41, 30)),
    "folder.jpg/inside.png": (png(2), ("PNG", "RGB", 24, 16)),
}


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextlib.contextmanager
def without_permissions() -> Iterator[None]:
    """Run as a user whom file permissions bind: root becomes the user nobody meanwhile."""
    root = os.geteuid() == 0
    if root:
        Path().chmod(0o755)
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def broken(images: pd.DataFrame) -> dict[str, set[str]]:
    """Return the images that break each rule."""
    sources = {"image": images["image"], "delivery": "x", "date": "2026-01-01", "licence": "CC0-1.0"}
    empty = {name: frames.frame(name) for name in ("annotations", "rejects")}
    given = arguments("classification") | empty | {"images": images, "sources": frames.frame("sources", sources)}
    with contextlib.chdir(FROZEN):  # where the checks of the rules stand
        violations = validate.transform(**given).violations
    return {str(rule): set(rows["key"]) for rule, rows in violations[violations["table"] == "images"].groupby("rule")}


def test_each_bad_file_has_an_error_and_each_odd_one_has_statistics() -> None:
    deliver("x", {name: data for name, (data, _) in (BAD | GOOD).items()})
    images = run().images
    frames.canonical_table(images, "images")
    by_image = images.set_index("image")
    assert sorted(by_image.index) == sorted(f"x/{name}" for name in BAD | GOOD)
    for name, (data, error) in BAD.items():
        row = by_image.loc[f"x/{name}"]
        assert row["error"].startswith(error), name
        assert row["bytes"] == len(data)
        assert row[["width", "height", "format", "phash", "thumbnail", "sharpness"]].isna().all(), name
    for name, (_, shown) in GOOD.items():
        row = by_image.loc[f"x/{name}"]
        assert tuple(row[["format", "mode", "width", "height"]]) == shown, name
        assert pd.isna(row["error"]) and row[["phash", "thumbnail", "sharpness"]].notna().all(), name
    rules = broken(images)
    assert rules["IMG-001"] == {f"x/{name}" for name in BAD}
    assert rules["IMG-002"] == {"x/one-pixel.png", "x/one-pixel.jpg"}
    assert rules["IMG-005"] == {"x/not-a.png"}


def test_a_file_without_read_permission_has_a_row_that_says_so() -> None:
    folder = deliver("x", {"a.png": png(1), "b.png": png(2)})
    assert rows()["error"].isna().all()
    (folder / "a.png").chmod(0)
    with without_permissions():
        images = run().images
    by_image = images.set_index("image")
    assert by_image.loc["x/a.png", "error"] == "the file cannot be read: Permission denied"
    assert pd.isna(by_image.loc["x/b.png", "error"])
    assert broken(images)["IMG-001"] == {"x/a.png"}


def test_a_folder_without_read_permission_stops_the_stage() -> None:
    folder = deliver("x", {"a.png": png(1), "deep/b.png": png(2)})
    (folder / "deep").chmod(0)
    with without_permissions():
        message = refusal()
    (folder / "deep").chmod(0o755)
    assert message.startswith("data/raw/images/x/deep: the folder cannot be read: Permission denied; ")


def test_links_inside_are_followed_and_loops_are_not() -> None:
    folder = deliver("x", {"a.png": png(1)})
    (folder / "inside.png").symlink_to("a.png")
    (folder / "itself.png").symlink_to("itself.png")
    (folder / "there.png").symlink_to("back.png")
    (folder / "back.png").symlink_to("there.png")
    (folder / "up").symlink_to(".")
    pointer("x", 5)
    images = run().images
    loops = {"x/itself.png", "x/there.png", "x/back.png"}
    by_image = images.set_index("image")
    assert set(by_image.index) == {"x/a.png", "x/inside.png"} | loops
    assert (by_image.loc[sorted(loops), "error"] == "a symbolic link that cannot be followed").all()
    assert by_image.loc["x/inside.png", "content"] == by_image.loc["x/a.png", "content"]
    assert broken(images)["IMG-001"] == loops


def test_a_folder_in_place_of_a_file_midway_has_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = deliver("x", {"a.png": png(1), "b.png": png(2)})
    real = storage.read_bytes

    def changing(path: str) -> bytes:
        if path.endswith("b.png"):
            (folder / "b.png").unlink()
            (folder / "b.png").mkdir()
        return real(path)

    monkeypatch.setattr(storage, "read_bytes", changing)
    by_image = rows()
    assert by_image.loc["x/b.png", "error"] == "the file cannot be read: Is a directory"
    assert pd.isna(by_image.loc["x/a.png", "error"])

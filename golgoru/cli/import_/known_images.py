"""Which pictures the repository holds already, by content: they are not stored a second time."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.text import is_text
from golgoru.formats.files import SourceFile
from golgoru.raw.deliveries import read_deliveries


class IncomingPictures(NamedTuple):
    """`new`: pictures to store. `known`: the image of equal content by incoming name. `images`: the images so far.

    `incomplete`: deliveries whose pictures are not all on disk, so that they were not all compared.
    """

    new: list[SourceFile]
    known: dict[str, str]
    images: list[str]
    incomplete: list[str]


def compare_pictures(pictures: Sequence[SourceFile], keep_all: bool) -> IncomingPictures:
    """Return which pictures are new. With `keep_all` all are stored, whether they are known or not."""
    by_size: dict[int, list[SourceFile]] = {}
    images, incomplete = [], []
    for delivery in read_deliveries(paths.DELIVERIES):
        files = _delivery_files(paths.IMAGES / delivery.name, delivery.name)
        if delivery.pointer is not None and len(files) != delivery.pointer.files:
            incomplete.append(delivery.name)
        images += [file.name for file in files]
        for file in files:
            by_size.setdefault(file.path.stat().st_size, []).append(file)
    if keep_all:
        return IncomingPictures(list(pictures), {}, images, incomplete)
    image_of: dict[int, dict[str, str]] = {}  # by size, then by content
    new, known = [], {}
    # One by one: only a picture whose size occurs on both sides is read at all.
    for picture in pictures:
        size = picture.path.stat().st_size
        if size in by_size and size not in image_of:
            image_of[size] = {_md5(file.path): file.name for file in reversed(by_size[size])}
        image = image_of[size].get(_md5(picture.path)) if size in image_of else None
        if image is None:
            new.append(picture)
        else:
            known[picture.name] = image
    return IncomingPictures(new, known, images, incomplete)


def _delivery_files(folder: Path, delivery: str) -> list[SourceFile]:
    """Return a delivery's files by key; DVC may keep them as links into its cache, so links are followed."""
    everything = (Path(top, name) for top, _, names in os.walk(folder) for name in names)
    files = (SourceFile(f"{delivery}/{path.relative_to(folder).as_posix()}", path) for path in everything)
    return sorted(file for file in files if file.path.is_file() and is_text(file.name))


def _md5(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None

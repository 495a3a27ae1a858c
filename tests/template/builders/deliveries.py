"""Deliveries of small pictures in a repository under test, and what fingerprint says of them."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.raw.deliveries import read_deliveries
from stages.fingerprint import Params, Tables, transform


def png(seed: int, size: tuple[int, int] = (24, 16)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def listing_of(folder: Path) -> tuple[str, str]:
    """The listing of a folder as DVC writes it, and its md5 (dvc_data.hashfile.tree.Tree)."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    listing = [{"md5": hashlib.md5(files[name]).hexdigest(), "relpath": name} for name in sorted(files)]  # noqa: S324
    text = json.dumps(listing, sort_keys=True)
    return text, hashlib.md5(text.encode()).hexdigest() + ".dir"  # noqa: S324


def deliver(name: str, files: dict[str, bytes], cached: bool = False) -> Path:
    """Put a delivery into the repository: pictures, description, pointer, and on demand DVC's listing."""
    folder = paths.IMAGES / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(data)
    paths.DELIVERIES.mkdir(parents=True, exist_ok=True)
    (paths.DELIVERIES / f"{name}.yaml").write_text("date: 2026-01-01\n")
    text, md5 = listing_of(folder)
    pointer(name, len(json.loads(text)), md5)
    if cached:
        entry = Path(".dvc/cache/files/md5") / md5[:2] / md5[2:]
        entry.parent.mkdir(parents=True, exist_ok=True)
        entry.write_text(text)
    return folder


def pointer(name: str, files: int, md5: str = f"{'0' * 32}.dir") -> None:
    """Point to so many files, as DVC does."""
    (paths.DELIVERIES / f"{name}.dvc").write_text(
        f"outs:\n- md5: {md5}\n  size: 1\n  nfiles: {files}\n  hash: md5\n  path: {name}\nwdir: ../images\n"
    )


def run(**params: int) -> Tables:
    return transform(deliveries=read_deliveries(paths.DELIVERIES), params=Params(**params))


def rows() -> pd.DataFrame:
    return run().images.set_index("image").sort_index()


def refusal() -> str:
    with pytest.raises(UserError) as caught:
        run()
    return str(caught.value)

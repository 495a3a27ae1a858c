"""The image files of every delivery, and the check that the files on disk are those of the DVC pointers."""

import fnmatch
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from golgoru.core import paths, storage
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import parse_yaml
from golgoru.images.listing import BucketListing, FolderListing, ImageFile, cache_folder, list_storage
from golgoru.raw.deliveries import Delivery, Pointer

_NOT_IMAGES = (".gitignore", "*.dvc")  # files of git and DVC beside the deliveries' folders


def list_image_files(deliveries: Sequence[Delivery]) -> dict[str, list[ImageFile]]:
    """Return the files of each delivery, by its name. Raises UserError where files and pointers differ."""
    if not deliveries:
        raise UserError(f"no delivery yet in {paths.DELIVERIES}; import images with `dataset import`")
    listing = list_storage()
    _check_described(deliveries, listing)
    outputs = stage_outputs(paths.DVC) if any(d.pointer is None for d in deliveries) else set()
    files_by_delivery = {}
    for delivery in deliveries:
        folder = paths.IMAGES / delivery.name
        files = listing.files(delivery.name)
        if delivery.pointer is not None:
            _check_pointer(delivery.pointer, folder, [file.name for file in files])
        elif folder.as_posix() not in outputs:
            raise UserError(
                f"{delivery.file}: the images under {folder} are not versioned: no {delivery.name}.dvc beside it, "
                f"and no stage of {paths.DVC} writes them; `dataset import` them, or `dvc add {folder}` and move the "
                f"pointer to {paths.DELIVERIES} with 'wdir: ../images'"
            )
        elif not listing.has(delivery.name):
            raise UserError(
                f"{storage.current().place(folder)}: the folder is missing, although a stage of {paths.DVC} writes it; "
                f"run `dvc repro`{_copied_to_root()}"
            )
        files_by_delivery[delivery.name] = files
    _check_unique(files_by_delivery)
    return files_by_delivery


def check_pointer_hash(pointer: Pointer, folder: Path, contents: Mapping[str, str]) -> None:
    """Raise UserError where the files' md5s (by name inside the delivery) do not hash to the pointer's md5.

    DVC hashes the listing of a folder, so its pointer can be checked without the cache.
    """
    # What json.dumps would write, without a dictionary per file.
    listing = ", ".join(f'{{"md5": "{contents[name]}", "relpath": {json.dumps(name)}}}' for name in sorted(contents))
    digest = hashlib.md5(f"[{listing}]".encode(), usedforsecurity=False).hexdigest()
    if f"{digest}.dir" != pointer.md5:
        expected = _listing(pointer) or {}
        changed = [name for name in sorted(contents) if name in expected and expected[name] != contents[name]]
        raise UserError(
            f"{pointer.file}: files under {folder} are not those that the pointer names"
            f"{_examples('changed', changed)}; {_remedy(pointer, folder)}"
        )


def _check_described(deliveries: Sequence[Delivery], listing: FolderListing | BucketListing) -> None:
    names = {delivery.name for delivery in deliveries}
    for entry, is_folder in listing.entries():
        if any(fnmatch.fnmatchcase(entry, p) for p in _NOT_IMAGES):
            continue
        name = os.fsencode(entry).decode("utf-8", "backslashreplace")
        where = storage.current().place(paths.IMAGES / name)
        if not is_folder:
            raise UserError(f"{where}: a file outside every delivery; move it into the folder of one")
        if entry not in names:
            raise UserError(
                f"{where}: nothing describes this folder; write {paths.DELIVERIES / name}.yaml with at least "
                f"'date', or `dataset import` it, or remove the folder"
            )


def _check_unique(files_by_delivery: Mapping[str, Sequence[ImageFile]]) -> None:
    images = [file.image for files in files_by_delivery.values() for file in files]
    if len(set(images)) != len(images):
        seen: set[str] = set()
        twice = next(image for image in images if image in seen or seen.add(image))  # type: ignore[func-returns-value]
        raise UserError(f"{paths.IMAGES / twice}: two files get this name once it is written as UTF-8; rename one")


def _check_pointer(pointer: Pointer, folder: Path, names: Sequence[str]) -> None:
    listing = _listing(pointer)
    missing = sorted(set(listing) - set(names)) if listing is not None else []
    unknown = sorted(set(names) - set(listing)) if listing is not None else []
    if len(names) != pointer.files or missing or unknown:
        raise UserError(
            f"{pointer.file}: found {len(names):,} files under {folder}, expected {pointer.files:,}"
            f"{_examples('missing', missing)}{_examples('not in the pointer', unknown)}; {_remedy(pointer, folder)}"
        )


def _remedy(pointer: Pointer, folder: Path) -> str:
    return (
        f"run `dvc pull {pointer.file}`, or, where files changed on purpose, `dvc add {folder}` (new images: "
        f"`dataset import`){_copied_to_root()}"
    )


def _copied_to_root() -> str:
    root = os.environ.get(storage.SETTING)
    return f", and copy {paths.IMAGES} to {root} ({storage.SETTING})" if root else ""


def _examples(title: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    first = ", ".join(os.fsencode(name).decode("utf-8", "backslashreplace") for name in names[:3])
    return f" ({title}: {first}{f' and {len(names) - 3:,} more' if len(names) > 3 else ''})"


def _listing(pointer: Pointer) -> dict[str, str] | None:
    """Return name and md5 of each file as listed in DVC's cache; None where the cache has no readable list."""
    try:
        text = (cache_folder() / "files" / "md5" / pointer.md5[:2] / pointer.md5[2:]).read_text("utf-8")
        return {str(file["relpath"]): str(file["md5"]) for file in json.loads(text)}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def stage_outputs(file: Path) -> set[str]:
    """Return the paths that stages of dvc.yaml write."""
    stages = (parse_yaml(file)[1] or {}).get("stages") or {} if file.exists() else {}
    outputs = set()
    for stage in stages.values():
        for out in stage.get("outs") or []:
            path = next(iter(out)) if isinstance(out, dict) else out
            outputs.add(os.path.normpath(Path(stage.get("wdir") or ".") / str(path)))
    return outputs

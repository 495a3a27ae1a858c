"""The image files of every delivery, and the check that the files on disk are those of the DVC pointers."""

import configparser
import fnmatch
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.yaml_models import parse_yaml
from golgoru.raw.deliveries import Delivery, Pointer

_DVC_FOLDER = Path(".dvc")
_NOT_IMAGES = (".gitignore", "*.dvc")  # files of git and DVC beside the deliveries' folders


class ImageFile(NamedTuple):
    """One file of a delivery. `name` is its path inside the delivery, spelled as in the file system."""

    image: str
    path: str
    name: str
    error: str | None
    readable: bool


def list_image_files(deliveries: Sequence[Delivery]) -> dict[str, list[ImageFile]]:
    """Return the files of each delivery, by its name. Raises UserError where files and pointers differ."""
    if not deliveries:
        raise UserError(f"no delivery yet in {paths.DELIVERIES}; import images with `dataset import`")
    ignored = _ignored(Path(".dvcignore"))
    _check_described(deliveries, ignored)
    outputs = stage_outputs(paths.DVC) if any(d.pointer is None for d in deliveries) else set()
    files_by_delivery = {}
    for delivery in deliveries:
        folder = paths.IMAGES / delivery.name
        files = _files_of(delivery.name, ignored)
        if delivery.pointer is not None:
            _check_pointer(delivery.pointer, folder, [file.name for file in files])
        elif folder.as_posix() not in outputs:
            raise UserError(
                f"{delivery.file}: the images under {folder} are not versioned: no {delivery.name}.dvc beside it, "
                f"and no stage of {paths.DVC} writes them; `dataset import` them, or `dvc add {folder}` and move the "
                f"pointer to {paths.DELIVERIES} with 'wdir: ../images'"
            )
        elif not folder.is_dir():
            raise UserError(
                f"{folder}: the folder is missing, although a stage of {paths.DVC} writes it; run `dvc repro`"
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


def _check_described(deliveries: Sequence[Delivery], ignored: Callable[[str], bool]) -> None:
    names = {delivery.name for delivery in deliveries}
    for entry in sorted(os.scandir(paths.IMAGES), key=lambda e: e.name) if paths.IMAGES.is_dir() else []:
        where = paths.IMAGES / os.fsencode(entry.name).decode("utf-8", "backslashreplace")
        if ignored(entry.name) or any(fnmatch.fnmatchcase(entry.name, p) for p in _NOT_IMAGES):
            continue
        if not entry.is_dir():
            raise UserError(f"{where}: a file outside every delivery; move it into the folder of one")
        if entry.name not in names:
            raise UserError(
                f"{where}: nothing describes this folder; write {paths.DELIVERIES / where.name}.yaml with at least "
                f"'date', or `dataset import` it, or remove the folder"
            )


def _files_of(delivery: str, ignored: Callable[[str], bool]) -> list[ImageFile]:
    try:
        return list(_walk(delivery, ignored))
    except OSError as error:  # a folder that cannot be listed may hold any files
        where = os.fsencode(str(error.filename)).decode("utf-8", "backslashreplace")
        raise UserError(
            f"{where}: the folder cannot be read: {error.strerror}; change its permissions, or restore it"
        ) from None


def _walk(delivery: str, ignored: Callable[[str], bool]) -> Iterator[ImageFile]:
    """Yield the files of a delivery as DVC sees them: links to folders are not followed, sockets and pipes left out.

    Paths are strings here: creating `Path` objects would take longer than all the rest.
    """
    allowed = [paths.IMAGES.resolve(), _cache_folder().resolve()]
    top = str(paths.IMAGES / delivery)
    folders = [(top, "")] if Path(top).is_dir() else []
    while folders:
        folder, prefix = folders.pop()
        for entry in os.scandir(folder):
            if ignored(entry.name):
                continue
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, f"{name}/"))
            elif entry.is_symlink():
                if not os.path.isdir(entry.path):  # noqa: PTH112  (false also where the link cannot be followed)
                    yield _image_file(delivery, name, entry.path, _link_error(Path(entry.path), allowed))
            elif entry.is_file():
                yield _image_file(delivery, name, entry.path, None)


def _image_file(delivery: str, name: str, path: str, link_error: str | None) -> ImageFile:
    image = f"{delivery}/{name}"
    try:
        image.encode()
        return ImageFile(image, path, name, link_error, link_error is None)
    except UnicodeEncodeError:  # bytes that are not UTF-8 become lone surrogates
        error = link_error or "the file name is not UTF-8; rename the file"
        image = os.fsencode(image).decode("utf-8", "backslashreplace")
        return ImageFile(image, path, name, error, link_error is None)


def _link_error(path: Path, allowed: Sequence[Path]) -> str | None:
    try:
        target = path.resolve(strict=True)
    except FileNotFoundError:
        return "a symbolic link to nothing"
    except (OSError, RuntimeError):  # no permission, or a loop: RuntimeError before Python 3.13
        return "a symbolic link that cannot be followed"
    if not any(target.is_relative_to(folder) for folder in allowed):
        return "a symbolic link that leads out of the picture folder"
    return None if target.is_file() else "a symbolic link to something that is no file"


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
        f"`dataset import`)"
    )


def _examples(title: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    first = ", ".join(os.fsencode(name).decode("utf-8", "backslashreplace") for name in names[:3])
    return f" ({title}: {first}{f' and {len(names) - 3:,} more' if len(names) > 3 else ''})"


def _listing(pointer: Pointer) -> dict[str, str] | None:
    """Return name and md5 of each file as listed in DVC's cache; None where the cache has no readable list."""
    try:
        text = (_cache_folder() / "files" / "md5" / pointer.md5[:2] / pointer.md5[2:]).read_text("utf-8")
        return {str(file["relpath"]): str(file["md5"]) for file in json.loads(text)}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _cache_folder() -> Path:
    folder = "cache"
    for file in (_DVC_FOLDER / "config", _DVC_FOLDER / "config.local"):
        config = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            config.read(file, "utf-8")
            folder = config.get("cache", "dir", fallback=folder).strip("\"'")
        except (configparser.Error, UnicodeDecodeError):
            continue  # DVC itself reports what is wrong with its settings
    return _DVC_FOLDER / Path(folder).expanduser()


def _ignored(file: Path) -> Callable[[str], bool]:
    """Return a predicate for the names that DVC ignores: those that match a pattern of .dvcignore without a slash.

    Patterns with a slash name other folders than a delivery's; should one name a delivery's, the file counts differ.
    """
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    names = [line.strip().removesuffix("/") for line in lines]
    patterns = [name for name in names if name and "/" not in name and not name.startswith(("#", "!"))]
    expression = re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns) or r"(?!)")
    return lambda name: expression.match(name) is not None


def stage_outputs(file: Path) -> set[str]:
    """Return the paths that stages of dvc.yaml write."""
    stages = (parse_yaml(file)[1] or {}).get("stages") or {} if file.exists() else {}
    outputs = set()
    for stage in stages.values():
        for out in stage.get("outs") or []:
            path = next(iter(out)) if isinstance(out, dict) else out
            outputs.add(os.path.normpath(Path(stage.get("wdir") or ".") / str(path)))
    return outputs

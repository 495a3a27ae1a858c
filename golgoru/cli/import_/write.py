"""Writing an import: everything into a work folder first, then moved into place, the descriptions last.

Until its description is written, an import is unfinished: it can be killed at any point and repeated, and what it left
behind is removed. The folder `.cache/import/NAME` tells such leftovers from files that somebody put there.
"""

import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from golgoru.cli.common.repository import run_dvc
from golgoru.cli.common.yaml_out import to_yaml
from golgoru.cli.import_.new_classes import define_classes
from golgoru.cli.import_.read import ImportContents, copy_files
from golgoru.cli.import_.request import Request
from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.core.files import write_bytes
from golgoru.core.names import safe_name
from golgoru.raw.batches import Batch

_UNFINISHED = Path(".cache") / "import"


def refuse_used_name(request: Request) -> None:
    """Raise UserError where the name is taken, by a delivery, a batch, or files that nothing describes."""
    try:
        safe_name(request.name)
    except ValueError as error:
        raise UserError(f"--as: '{request.name}': {error}") from None
    same_folder = (name for name in _used_names() if name != request.name and _folded(name) == _folded(request.name))
    if (other := next(same_folder, None)) is not None:
        raise UserError(f"--as: '{request.name}' and '{other}' are one folder on a Mac or Windows; give another name")
    unfinished = (_UNFINISHED / request.name).exists()
    description, batch = paths.DELIVERIES / f"{request.name}.yaml", paths.BATCHES / request.name / "batch.yaml"
    if description.exists() or (batch.exists() and not unfinished):
        used = description if description.exists() else batch
        raise UserError(f"--as: '{request.name}' is in use: {used}; a delivery never changes, so give another name")
    if not unfinished and (leftover := [path for path in _written_paths(request.name) if path.exists()]):
        raise UserError(f"--as: {leftover[0]} exists, but {description} does not; move it away, or give another name")


@contextmanager
def work_folder(name: str, dry_run: bool) -> Iterator[Path]:
    """Yield a folder to work in. What an import that fails has written is removed."""
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="dataset-import-") as folder:
            yield Path(folder)
        return
    work = _UNFINISHED / name
    _remove_unfinished(name)
    work.mkdir(parents=True)
    try:
        yield work
    except BaseException:
        _remove_unfinished(name)
        raise
    shutil.rmtree(work)


def write_import(contents: ImportContents, work: Path) -> list[str]:
    """Write delivery and batch, add them to DVC, and return the lines that say what was written."""
    before = paths.CLASSES.read_bytes()
    try:
        return [f"written: {file}" for file in _write_parts(contents, work)]
    except BaseException:
        write_bytes(paths.CLASSES, before)
        raise


def _write_parts(contents: ImportContents, work: Path) -> list[str]:
    name, written = contents.request.name, []
    if contents.incoming.new:
        copy_files(contents.incoming.new, work / "images", "copying pictures")
        written.append(_move(work / "images", paths.IMAGES / name))
        pointer = paths.DELIVERIES / f"{name}.dvc"
        # DVC fills in this pointer. Where it would put one of its own, beside the pictures, git would stage it there.
        write_bytes(pointer, f"wdir: ../{paths.IMAGES.name}\nouts:\n- path: {name}\n  hash: md5\n".encode())
        written.append(_add_to_dvc(paths.IMAGES / name, pointer))
    # Before the descriptions, which end the import: an import that is repeated finds the classes defined.
    if contents.request.define_classes:
        written += define_classes(paths.CLASSES, contents.undefined)
    if contents.labels is not None:
        written += write_batch(contents.labels.batch, work)
    if contents.description is not None:
        if contents.request.metadata is not None:
            write_bytes(paths.DELIVERIES / f"{name}.csv", contents.request.metadata.read_bytes())
            written.append((paths.DELIVERIES / f"{name}.csv").as_posix())
        write_bytes(paths.DELIVERIES / f"{name}.yaml", to_yaml(contents.description))
        written.append((paths.DELIVERIES / f"{name}.yaml").as_posix())
    return written


def write_batch(batch: Batch, work: Path) -> list[str]:
    """Write a batch, its payload from `work`, add it to DVC, and return the files that go to git."""
    folder, written = paths.BATCHES / batch.name, []
    if (work / "payload").exists():
        _move(work / "payload", folder / "payload")
        written.append(_add_to_dvc(folder / "payload", folder / "payload.dvc"))
    write_bytes(folder / "batch.yaml", to_yaml(batch.settings))
    return [*written, (folder / "batch.yaml").as_posix()]


def _used_names() -> list[str]:
    """Return the names of all deliveries and batches."""
    batches = paths.BATCHES.iterdir() if paths.BATCHES.is_dir() else ()
    described = [file.stem for file in paths.DELIVERIES.glob("*.yaml")]
    return sorted({*described, *(folder.name for folder in batches if folder.is_dir())})


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _written_paths(name: str) -> list[Path]:
    """Return every path that an import of this name writes, except the description of its delivery."""
    beside = [paths.DELIVERIES / f"{name}{suffix}" for suffix in (".dvc", ".csv")]
    return [paths.IMAGES / name, paths.BATCHES / name, *beside]


def _remove_unfinished(name: str) -> None:
    """Remove what an unfinished import of this name has written."""
    work = _UNFINISHED / name
    if not work.exists():
        return
    # Once its description is written the import is finished, whatever interrupted the rest.
    for path in _written_paths(name) if not (paths.DELIVERIES / f"{name}.yaml").exists() else ():
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    shutil.rmtree(work)


def _move(source: Path, target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    return target.as_posix()


def _add_to_dvc(path: Path, pointer: Path) -> str:
    """Add `path` to DVC. Raises UserError with DVC's own reason where it refuses."""
    result = run_dvc("add", "--quiet", path.as_posix())
    if result.returncode != 0 or not pointer.exists():
        reason = result.stderr.strip() or "no reason given"
        raise UserError(f"`dvc add {path}` failed, and the import was undone: {reason}")
    return pointer.as_posix()

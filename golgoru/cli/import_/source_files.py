"""The files at SRC: pictures, payload files, and the rest. No link is followed out of it."""

import os
from pathlib import Path

from golgoru.core.errors import UserError
from golgoru.core.text import terminal_safe
from golgoru.formats.files import SourceFile, is_picture

# Folders that by custom hold the pictures of the label files beside them.
_PICTURE_FOLDERS = ("JPEGImages", "images", "Images", "imgs")


def list_files(folder: Path) -> list[SourceFile]:
    """Return every regular file below a folder (or the file itself), by name; hidden ones are left out.

    Raises UserError for links that lead out of the folder or to a folder, names that are not UTF-8, special files.
    """
    if folder.is_file():
        return [_checked(SourceFile(folder.name, folder), folder.parent)]
    files = []
    for top, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not _hidden(name))
        for name in folders:
            if Path(top, name).is_symlink():
                raise UserError(
                    f"{Path(top, name)}: a link to a folder; put the folder itself there, or name it as SRC"
                )
        for name in names:
            if not _hidden(name):
                path = Path(top, name)
                files.append(_checked(SourceFile(path.relative_to(folder).as_posix(), path), folder))
    return sorted(files)


def folder_of_pictures(source: Path) -> Path | None:
    """Return the folder whose pictures belong to the labels at `source`: itself, or one beside it."""
    if source.is_file():
        return None
    for folder in (source, *(source.parent / name for name in _PICTURE_FOLDERS)):
        if folder.is_dir() and any(is_picture(file) for file in list_files(folder)):
            return folder
    return None


def _checked(file: SourceFile, within: Path) -> SourceFile:
    shown = terminal_safe(os.fsencode(file.path).decode("utf-8", "backslashreplace"))
    try:
        file.name.encode()
    except UnicodeEncodeError:
        raise UserError(f"{shown}: the name is not UTF-8; rename the file") from None
    if file.path.is_symlink():
        target = file.path.resolve()
        if not target.is_relative_to(within.resolve()):
            raise UserError(f"{shown}: a link that leads out of {within}; put the file itself there")
        if not target.exists():
            raise UserError(f"{shown}: a link to nothing; remove it, or put the file itself there")
    if not file.path.is_file():
        raise UserError(f"{shown}: neither a file nor a folder; remove it")
    return file


def _hidden(name: str) -> bool:
    """Return whether a file is left behind by file managers or version control, or is one that DVC would not store."""
    return name.startswith(".") or name in ("__MACOSX", "__pycache__", "Thumbs.db") or name.endswith(".pyc")


def _unreadable(error: OSError) -> None:
    raise UserError(f"{error.filename}: cannot be read: {error.strerror}")

"""Image folders: the first folder below the delivery names the class; there is no payload."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from golgoru.core.csv_table import Reject
from golgoru.formats.files import SourceFile, is_picture
from golgoru.formats.payload import FileRows, Payload, in_slices
from golgoru.formats.record import Format, PayloadSettings


def detect(files: Sequence[SourceFile]) -> str | None:
    """Return that every picture lies in one of several folders, or None where one lies in no folder."""
    names = [file.name for file in files if is_picture(file)]
    folders = {name.split("/")[0] for name in names if "/" in name}
    if len(folders) > 1 and all("/" in name for name in names):
        return f"every picture lies in one of {len(folders):,} folders"
    return None


def read(payload: Path, settings: PayloadSettings, images: Sequence[str]) -> Iterator[Payload]:
    """Yield one row per image of the delivery `images` of batch.yaml that lies in a folder."""
    del payload
    prefix = f"{settings.images}/"
    return in_slices(_image_row(image, image.removeprefix(prefix)) for image in images if image.startswith(prefix))


def _image_row(image: str, name: str) -> FileRows:
    folder, slash, _ = name.partition("/")
    if not slash:
        return FileRows([], [Reject(folder, None, image, "the picture lies in no folder, so nothing names its class")])
    return FileRows([{"file": folder, "line": None, "image": image, "label": folder}], [])


FORMAT = Format(
    "folders",
    (),
    detect,
    read,
    allowed_keys=(),
    required_keys={"images": "the delivery whose folders name the classes"},
    cannot_hold=("boxes", "polygons", "texts", "several annotations of one image", "annotators", "attributes", "ids"),
)

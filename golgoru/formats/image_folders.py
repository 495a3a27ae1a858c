"""Image folders: the first folder below the delivery names the class; there is no payload."""

from golgoru.core.csv_table import Reject
from golgoru.formats.payload import Payload, rows_frame
from golgoru.raw.batches import Batch


def read(batch: Batch, images: list[str]) -> Payload:
    """Return one word per picture of the delivery `images` of batch.yaml that lies in a folder."""
    prefix = f"{batch.settings.images}/"
    rows, rejects = [], []
    for image in images:
        if not image.startswith(prefix):
            continue
        folder, slash, _ = image.removeprefix(prefix).partition("/")
        if slash:
            rows.append({"file": folder, "line": None, "image": image, "label": folder})
        else:
            rejects.append(Reject(folder, None, image, "the picture lies in no folder, so nothing names its class"))
    return Payload(rows_frame(rows), rejects)

"""Decode an untrusted image file: upright, in eight bits, grey or RGB; or say in a sentence why it is unusable."""

import io
import logging
import re
import warnings
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from golgoru.core.errors import UserError

DECODER = "Pillow"
# Named one by one: Pillow also knows formats that run other programs (EPS) or hold several images (PDF).
# MPO comes with JPEG.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF")
_FIRST_FRAME_ONLY = ("MPO",)  # further frames are previews, or the other half of a stereo pair
_ORIENTATION = 0x0112
ORIENTATIONS_SWAPPING_SIDES = (5, 6, 7, 8)  # width and height change places
_TRANSPOSE_BY_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow logs its complaints about broken files; the reason stands in the table, not on the terminal.
logging.getLogger("PIL").addHandler(logging.NullHandler())
logging.getLogger("PIL").propagate = False


class ImageError(Exception):
    """Why a file is no usable image: the text of column `error` of table `images`."""


class DecodedImage(NamedTuple):
    """A decoded image as it is shown: `image` has mode L or RGB; `format` and `mode` are those of the file."""

    image: Image.Image
    format: str
    mode: str


def decode_image(data: bytes, max_pixels: int | None = None) -> DecodedImage:
    """Decode `data`, with the EXIF orientation applied and transparency laid over white.

    `max_pixels` is compared with the header, before anything is decoded; None sets no limit. Raises ImageError.
    """
    if not data:
        raise ImageError("the file is empty")
    # Pillow has a limit of its own, which would otherwise undercut ours.
    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(data, max_pixels)
    except ImageError:
        raise
    except MemoryError:
        # Memory depends on the machine: as a row's error it would make the release depend on the machine, too.
        raise out_of_memory() from None
    except UnidentifiedImageError:
        raise ImageError(f"no picture of a known format ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError:
        raise ImageError(f"more pixels than the limit of {max_pixels:,} (fingerprint.max_pixels)") from None
    except Exception as error:  # decoders of untrusted files raise anything
        raise ImageError(_reason(error)) from None


def out_of_memory() -> UserError:
    """Return the error for too little memory; it stops the stage, since it is no fault of the image."""
    return UserError("not enough memory to decode an image; lower fingerprint.max_pixels")


def exif_orientation(data: bytes, max_pixels: int) -> int:
    """Return the EXIF orientation of a JPEG without decoding it, 1 where there is none. Raises ImageError."""
    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
                return _orientation(image)
    except Exception as error:  # decoders of untrusted files raise anything
        raise ImageError(_reason(error)) from None


def apply_orientation(image: Image.Image, orientation: int) -> Image.Image:
    """Return `image` rotated and mirrored as its EXIF orientation says."""
    transpose = _TRANSPOSE_BY_ORIENTATION.get(orientation)
    return image if transpose is None else image.transpose(transpose)


def to_grey(image: Image.Image) -> Image.Image:
    """Return `image` in eight-bit grey, by the weights of ITU-R 601 as Pillow applies them."""
    return image if image.mode == "L" else image.convert("L")


def _decode(data: bytes, max_pixels: int | None) -> DecodedImage:
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        file_format, mode = str(image.format), image.mode
        pixels = image.width * image.height
        if max_pixels is not None and pixels > max_pixels:
            raise ImageError(
                f"{image.width} x {image.height} pixels, more than the limit of {max_pixels:,} (fingerprint.max_pixels)"
            )
        if file_format not in _FIRST_FRAME_ONLY and getattr(image, "is_animated", False):
            raise ImageError("several frames or pages in one file; expected one picture")
        image.load()
        return DecodedImage(apply_orientation(_to_eight_bits(image), _orientation(image)), file_format, mode)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a broken EXIF block raises anything, and the image is still usable
        return 1


def _to_eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _high_depth_to_eight_bits(image)
    if image.has_transparency_data:
        transparent = image.convert("RGBA")
        white = Image.new("RGBA", transparent.size, "white")
        return Image.alpha_composite(white, transparent).convert("RGB")
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _high_depth_to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16- and 32-bit grey to eight bits by the bits in use: cameras store 10 or 12 bits in 16."""
    values = np.asarray(image)
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float64)
        low, span = values.min(), np.ptp(values)
        return Image.fromarray(((values - low) * (255 / span if span else 0)).round().astype(np.uint8))
    values = np.maximum(values.astype(np.int64), 0)
    shift = max(int(values.max()).bit_length() - 8, 0)
    return Image.fromarray((values >> shift).astype(np.uint8))


def _reason(error: Exception) -> str:
    text = " ".join(re.sub(r"<[^>]*>", "", str(error)).split())[:120]  # without memory addresses
    if isinstance(error, EOFError) or "truncated" in text.lower():
        return "truncated: the file ends before the picture does"
    return f"damaged: {text or type(error).__name__}"

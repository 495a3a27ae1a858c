import io
import os
import random
import zlib

import numpy as np
import pytest
from PIL import Image

from golgoru.core.errors import UserError
from golgoru.images.decode import ImageError, decode_image
from golgoru.images.statistics import (
    colour_thumbnails,
    colourfulness,
    grey_statistics,
    image_statistics,
    luma,
    to_planes,
)

LIMIT = 10_000_000


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def photo(width: int = 40, height: int = 30) -> Image.Image:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([x * 6, y * 8, (x * y) % 256], axis=2).astype(np.uint8))


def error_of(data: bytes, limit: int = LIMIT) -> str:
    with pytest.raises(ImageError) as caught:
        decode_image(data, limit)
    return str(caught.value)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF"])
def test_every_promised_format_opens(form: str) -> None:
    picture = decode_image(encoded(photo(), form), LIMIT)
    assert (picture.format, picture.image.size) == (form, (40, 30))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_decoded_as_they_are_shown(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (40, 20), "white")
    image.paste("black", (0, 0, 20, 10))
    shown = decode_image(encoded(image, form, exif=exif), LIMIT).image
    assert shown.size == ((40, 20) if orientation < 5 else (20, 40))
    width, height = shown.size
    corners = [(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)]
    dark = [shown.getpixel(corner)[0] < 100 for corner in corners]
    expected = {1: 0, 2: 1, 3: 2, 4: 3, 5: 0, 6: 1, 7: 2, 8: 3}[orientation]  # where the stored top left is shown
    assert dark.index(True) == expected
    assert sum(dark) == 1


def test_a_broken_exif_block_does_not_make_an_image_unusable() -> None:
    data = encoded(photo(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff rubbish")
    assert decode_image(data, LIMIT).image.size == (40, 30)


def test_transparency_is_laid_over_white() -> None:
    see_through = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    see_through.putpixel((0, 0), (200, 0, 0, 255))
    shown = decode_image(encoded(see_through), LIMIT).image
    assert (shown.getpixel((0, 0)), shown.getpixel((3, 3))) == ((200, 0, 0), (255, 255, 255))
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([10, 20, 30, 200, 0, 0])
    shown = decode_image(encoded(palette, "GIF", transparency=1), LIMIT).image
    assert shown.getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_by_the_bits_in_use() -> None:
    twelve = np.linspace(0, 4095, 64 * 64).reshape(64, 64).astype(np.uint16)
    shown = np.asarray(decode_image(encoded(Image.fromarray(twelve)), LIMIT).image)
    assert np.array_equal(shown, (twelve >> 4).astype(np.uint8))
    full = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    assert np.array_equal(np.asarray(decode_image(encoded(Image.fromarray(full), "TIFF"), LIMIT).image), full >> 8)
    dark = np.full((4, 4), 200, dtype=np.uint16)
    assert np.array_equal(np.asarray(decode_image(encoded(Image.fromarray(dark)), LIMIT).image), dark)


def test_floating_point_images_are_stretched_and_nan_is_black() -> None:
    values = np.array([[0.0, 0.5], [1.0, np.nan]], dtype=np.float32)
    shown = np.asarray(decode_image(encoded(Image.fromarray(values), "TIFF"), LIMIT).image)
    assert shown.tolist() == [[0, 128], [255, 0]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr", "I;16", "RGB"])
def test_every_mode_becomes_grey_or_rgb(mode: str) -> None:
    image = photo().convert("L").convert(mode) if mode == "I;16" else photo().convert(mode)
    form = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    assert decode_image(encoded(image, form), LIMIT).image.mode in ("L", "RGB")


def test_cmyk_keeps_its_colours() -> None:
    red = Image.new("RGB", (32, 32), (255, 0, 0)).convert("CMYK")
    shown = decode_image(encoded(red, "JPEG"), LIMIT).image.getpixel((16, 16))
    assert shown[0] > 240
    assert max(shown[1:]) < 20


def test_what_is_no_image_has_an_error_that_says_so() -> None:
    assert error_of(b"") == "the file is empty"
    assert error_of(b"hello, I am a text").startswith("no picture of a known format")
    assert error_of(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n").startswith("no picture of a known format")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_a_truncated_file_has_an_error_that_says_so(form: str) -> None:
    data = encoded(photo(200, 200), form)
    assert error_of(data[: len(data) // 2]).startswith(("truncated", "damaged"))
    if form in ("JPEG", "PNG", "BMP"):
        assert error_of(data[: len(data) // 2]) == "truncated: the file ends before the picture does"


def test_several_frames_are_an_error() -> None:
    frames = [photo(), photo().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    for form in ("GIF", "WEBP", "PNG", "TIFF"):
        data = encoded(frames[0], form, save_all=True, append_images=frames[1:])
        assert error_of(data) == "several frames or pages in one file; expected one picture", form
    stereo = decode_image(encoded(frames[0], "MPO", save_all=True, append_images=frames[1:]), LIMIT)
    assert (stereo.format, stereo.image.size) == ("MPO", (40, 30))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header claims width x height."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused_from_its_header() -> None:
    assert error_of(bomb(50_000, 50_000), 100_000_000).startswith("more pixels than the limit of 100,000,000")
    assert error_of(bomb(12_000, 10_000), 100_000_000).startswith("12000 x 10000 pixels, more than the limit")
    assert error_of(encoded(photo(40, 30)), 1_199).startswith("40 x 30 pixels, more than the limit")
    assert decode_image(encoded(photo(40, 30)), 1_200).image.size == (40, 30)


def test_a_raised_limit_is_the_only_limit() -> None:
    wide = Image.new("1", (20_000, 10_000))
    assert decode_image(encoded(wide), 200_000_000).image.size == (20_000, 10_000)


def test_random_bytes_raise_nothing_else_and_write_nothing_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(0)  # noqa: S311
    good = [encoded(photo(), form) for form in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF")]
    for _ in range(400):
        data = bytearray(dice.choice(good))
        for _ in range(dice.randrange(1, 12)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            decode_image(bytes(data[: dice.randrange(1, len(data))]), LIMIT)
        except ImageError as error:
            assert " object at 0x" not in str(error)
    assert capfd.readouterr() == ("", "")


def test_too_little_memory_stops_the_stage_and_never_enters_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image, "open", no_memory)
    with pytest.raises(UserError, match=r"fingerprint\.max_pixels"):
        decode_image(b"x", LIMIT)


def test_brightness_contrast_and_sharpness_are_what_numpy_says() -> None:
    noise = np.frombuffer(random.Random(1).randbytes(3 * 60 * 50), dtype=np.uint8).reshape(3, 50, 60)  # noqa: S311
    for picture, statistics in zip(noise, grey_statistics(noise), strict=True):
        level = np.pad(picture.astype(float), 1, mode="edge")
        laplacian = level[:-2, 1:-1] + level[2:, 1:-1] + level[1:-1, :-2] + level[1:-1, 2:] - 4 * level[1:-1, 1:-1]
        assert statistics == (round(picture.mean(), 4), round(picture.std(), 4), round(laplacian.var(), 4))
    for shape in ((1, 1), (1, 80), (80, 1)):
        assert grey_statistics(np.full((2, *shape), 7, dtype=np.uint8)) == [(7, 0, 0)] * 2


def test_colourfulness_thumbnail_and_grey_are_what_their_definitions_say() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    planes = to_planes(noise)
    for index, picture in enumerate(noise):
        red, green, blue = picture.astype(float).transpose(2, 0, 1)
        across, along = red - green, (red + green) / 2 - blue
        spread, shift = np.hypot(across.std(), along.std()), np.hypot(across.mean(), along.mean())
        assert colourfulness(planes)[index] == round(spread + 0.3 * shift, 4)
        means = picture.reshape(8, 4, 8, 4, 3).mean(axis=(1, 3))
        assert np.array_equal(colour_thumbnails(planes)[index], np.floor(means + 0.5))
        assert np.array_equal(luma(planes)[index], np.asarray(Image.fromarray(picture).convert("L")))


def test_grey_of_every_colour_is_pillows() -> None:
    red, green, blue = np.meshgrid(*[np.arange(256, dtype=np.uint8)] * 3, indexing="ij")
    for level in range(0, 256, 15):  # 18 of 256 reds, all greens and blues
        colours = np.stack([red[level], green[level], blue[level]], axis=-1)
        assert np.array_equal(luma(to_planes(colours)), np.asarray(Image.fromarray(colours).convert("L")))


def test_grey_has_no_colourfulness_and_bright_colours_have_much() -> None:
    assert image_statistics(encoded(photo().convert("L")), LIMIT).colourfulness == 0
    paint = np.zeros((32, 32, 3), dtype=np.uint8)
    for column, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)]):
        paint[:, 8 * column : 8 * column + 8] = colour
    assert image_statistics(encoded(Image.fromarray(paint)), LIMIT).colourfulness > 110


def test_blur_lowers_sharpness() -> None:
    sharp = photo(400, 300).convert("L")
    blurred = sharp.resize((20, 15), Image.Resampling.BOX).resize((400, 300), Image.Resampling.BICUBIC)
    assert image_statistics(encoded(blurred), LIMIT).sharpness < image_statistics(encoded(sharp), LIMIT).sharpness


def test_statistics_have_the_shown_size_and_the_stored_mode() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    seen = image_statistics(encoded(photo().convert("L"), "JPEG", exif=exif), LIMIT)
    assert (seen.width, seen.height, seen.format, seen.mode, seen.decoder) == (30, 40, "JPEG", "L", "simplejpeg")
    assert seen.error is None
    assert image_statistics(os.urandom(64), LIMIT).width is None

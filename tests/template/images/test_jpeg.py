"""Two decoders, equal results: whatever simplejpeg accepts, Pillow accepts too, and both decode the same image."""

import io
import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from golgoru.core.errors import UserError
from golgoru.images import jpeg as images_jpeg
from golgoru.images import resize
from golgoru.images.decode import ImageError, decode_image
from golgoru.images.statistics import ImageStatistics, fingerprint_files, image_statistics
from tests.template.builders import real_data

LIMIT = 10_000_000
KINDS = ({}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 1}, {"optimize": True, "quality": 30})


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    """Something like a photograph: large soft shapes, an edge, a little noise."""
    dice = np.random.default_rng(seed)
    coarse = Image.fromarray(dice.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    shapes = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
    shapes = shapes + dice.integers(-6, 7, shapes.shape, dtype=np.int16)
    shapes[:, width // 3 :] += 40
    return Image.fromarray(shapes.clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def decode(data: bytes) -> images_jpeg.ReducedJpeg | None:
    return images_jpeg.decode_reduced(data, LIMIT, 32, 80)


def refused_by_pillow(data: bytes) -> bool:
    try:
        decode_image(data, LIMIT)
    except ImageError:
        return True
    return False


def by_pillow(data: bytes) -> ImageStatistics:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images_jpeg, "decode_reduced", lambda *_: None)
        return image_statistics(data, LIMIT)


def bits(left: str, right: str) -> int:
    return (int(left, 16) ^ int(right, 16)).bit_count()


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("size", [(33, 17), (96, 70)])
def test_a_file_cut_anywhere_is_left_to_pillow(options: dict[str, object], size: tuple[int, int]) -> None:
    data = jpeg(photo(*size), **options)
    assert decode(data) is not None
    for length in range(len(data)):
        assert decode(data[:length]) is None
        mended = data[:length] + b"\xff\xd9"
        assert decode(mended) is None or not refused_by_pillow(mended)


@pytest.mark.parametrize("options", KINDS)
def test_what_pillow_calls_damaged_simplejpeg_does_not_accept(
    options: dict[str, object], capfd: pytest.CaptureFixture[str]
) -> None:
    data = jpeg(photo(48, 40), **options)
    dice = random.Random(0)  # noqa: S311
    for at in range(len(data)):
        for value in (0, 255, data[at] ^ 1, data[at] ^ 0x80, dice.randrange(256)):
            damaged = data[:at] + bytes([value]) + data[at + 1 :]
            decoded = decode(damaged)
            if decoded is not None:
                picture = decode_image(damaged, LIMIT)
                assert (decoded.width, decoded.height, decoded.mode) == (*picture.image.size, picture.mode)
    assert capfd.readouterr() == ("", "")


@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.sampled_from(["4:4:4", "4:2:2", "4:2:0"]),
    st.booleans(),
    st.booleans(),
    st.integers(0, 5),
    st.integers(1, 8),
    st.integers(0, 99),
)
@settings(max_examples=150)
def test_both_decoders_give_the_same_statistics(
    size: tuple[int, int], sampling: str, progressive: bool, grey: bool, restarts: int, orientation: int, seed: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = photo(*size, seed).convert("L" if grey else "RGB")
    data = jpeg(
        image, subsampling=sampling, progressive=progressive, restart_marker_blocks=restarts, exif=exif, quality=90
    )
    ours, theirs = image_statistics(data, LIMIT), by_pillow(data)
    assert (ours.decoder, theirs.decoder) == ("simplejpeg", "Pillow")
    assert ours[:4] == theirs[:4]
    if images_jpeg.reduction_factor(*size, resize.MIN_SHORTER_SIDE, resize.GREY_LONGER_SIDE) == 1:
        assert ours._replace(decoder="Pillow") == theirs
        return
    assert all(found <= 2 * bound for found, bound in differences(ours, theirs))


def differences(ours: ImageStatistics, theirs: ImageStatistics) -> list[tuple[float, float]]:
    """Return how far two decoders differ on one image, each beside the bound that all but 1 in 100 images keep."""
    thumbnails = (np.frombuffer(seen.thumbnail, np.uint8).astype(int) for seen in (ours, theirs))
    return [
        (bits(ours.phash, theirs.phash), 8),
        (bits(ours.phash_mirrored, theirs.phash_mirrored), 8),
        (abs(ours.brightness - theirs.brightness), 1.5),
        (abs(ours.contrast - theirs.contrast), 2),
        (abs(ours.colourfulness - theirs.colourfulness), 3),
        (int(np.abs(np.subtract(*thumbnails)).max()), 12),
    ]


def test_of_many_generated_images_only_a_few_are_decoded_with_larger_differences() -> None:
    """A reduced decode is no full one: of 1,048 generated images 4 were beyond a bound, by a sixth at most."""
    dice = random.Random(5)  # noqa: S311
    beyond = 0
    for seed in range(300):
        size = dice.randint(113, 300), dice.randint(113, 300)
        data = jpeg(photo(*size, seed), subsampling=dice.choice(["4:4:4", "4:2:2", "4:2:0"]), quality=90)
        beyond += any(found > bound for found, bound in differences(image_statistics(data, LIMIT), by_pillow(data)))
    assert beyond <= 3


@pytest.mark.parametrize(("archive", "count"), [("cifar10n.zip", 200), ("bccd.zip", 60), ("sroie.zip", 20)])
def test_both_decoders_give_the_same_statistics_of_real_images(archive: str, count: int) -> None:
    for data in real_data.pictures(archive, count).values():
        ours, theirs = image_statistics(data, 10**8), by_pillow(data)
        assert ours.decoder == "simplejpeg"
        if archive == "cifar10n.zip":
            assert ours._replace(decoder="Pillow") == theirs
        assert bits(ours.phash, theirs.phash) <= 8
        assert abs(ours.brightness - theirs.brightness) < 1.5
        assert abs(ours.contrast - theirs.contrast) < 2


def oriented(image: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(image, exif=exif)


# Every way that pixels go: whole and reduced, grey and in colour, turned, at 80 pixels and above, by both decoders.
WAYS = [
    jpeg(photo(32, 32)),
    jpeg(photo(32, 32).convert("L")),
    jpeg(photo(32, 32, 1)),
    oriented(photo(32, 32), 6),
    jpeg(photo(40, 30)),
    *(jpeg(photo(*size).convert(mode)) for size in ((640, 480), (480, 640), (500, 300)) for mode in ("RGB", "L")),
    oriented(photo(640, 480), 6),
    jpeg(photo(640, 480, 1), progressive=True),
    jpeg(photo(40, 30).convert("CMYK")),
    b"no image",
    jpeg(photo(40, 30))[:-400],
]


def test_images_in_one_batch_have_the_statistics_of_each_alone() -> None:
    alone = [image_statistics(data, LIMIT) for data in WAYS]
    assert {one.decoder for one in alone} == {"simplejpeg", "Pillow", None}
    dice = random.Random(0)  # noqa: S311
    for _ in range(10):
        chosen = dice.choices(range(len(WAYS)), k=12)
        assert together([WAYS[index] for index in chosen]) == [alone[index] for index in chosen]


def together(files: list[bytes]) -> list[ImageStatistics]:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(number) for number in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        return [one.statistics for one in fingerprint_files(paths, (), LIMIT) if one.statistics is not None]


@given(st.lists(st.tuples(st.sampled_from(WAYS), st.integers(0, 900), st.booleans()), min_size=2, max_size=6))
@settings(max_examples=100)
def test_no_header_depends_on_the_file_read_before(files: list[tuple[bytes, int, bool]]) -> None:
    for data, cut, whole in files:
        one = data if whole else data[:cut] + b"\xff\xd9"
        alone, _ = images_jpeg._read_segments(one)
        assert images_jpeg.read_header(one) == (alone if one.endswith(b"\xff\xd9") else None)


def test_unusual_files_are_left_to_pillow() -> None:
    cmyk = jpeg(photo(40, 30).convert("CMYK"))
    several = io.BytesIO()
    photo(40, 30).save(several, "MPO", save_all=True, append_images=[photo(40, 30, 1)])
    for data in (cmyk, several.getvalue(), b"", b"\xff\xd8\xff\xd9", jpeg(photo(40, 30)) + b"\0"):
        assert decode(data) is None
    assert image_statistics(cmyk, LIMIT).decoder == image_statistics(several.getvalue(), LIMIT).decoder == "Pillow"
    assert image_statistics(jpeg(photo(40, 30)) + b"\0", LIMIT).decoder == "Pillow"


def test_the_limit_on_pixels_holds_for_both() -> None:
    data = jpeg(photo(40, 30))
    assert image_statistics(data, 1_200).decoder == "simplejpeg"
    assert (
        image_statistics(data, 1_199).error == "40 x 30 pixels, more than the limit of 1,199 (fingerprint.max_pixels)"
    )


def test_an_orientation_in_xmp_counts_as_pillow_counts_it() -> None:
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    data = jpeg(photo(40, 30), xmp=packet)
    assert image_statistics(data, LIMIT)[:2] == by_pillow(data)[:2] == (30, 40)
    assert image_statistics(data, LIMIT).decoder == "simplejpeg"


def test_sides_are_reduced_as_far_as_both_allow() -> None:
    assert images_jpeg.reduction_factor(640, 480, 32, 80) == 8
    assert images_jpeg.reduction_factor(639, 480, 32, 80) == 4
    assert images_jpeg.reduction_factor(3_000, 63, 32, 80) == 1
    assert images_jpeg.reduction_factor(32, 32, 32, 80) == 1
    assert (decode(jpeg(photo(640, 480))).pixels.shape, decode(jpeg(photo(321, 129))).pixels.shape) == (
        (60, 80, 3),
        (33, 81, 3),
    )


def test_too_little_memory_stops_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(images_jpeg.simplejpeg, "decode_jpeg", no_memory)
    with pytest.raises(UserError, match=r"fingerprint\.max_pixels"):
        image_statistics(jpeg(photo(40, 30)), LIMIT)

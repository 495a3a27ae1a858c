import io
import random

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps
from sklearn.datasets import load_digits

from golgoru.images import phash as images_phash
from golgoru.images.decode import decode_image, to_grey
from golgoru.images.phash import to_integers
from tests.template.builders import real_data


def phash(image: Image.Image) -> tuple[str, str]:
    return images_phash.perceptual_hashes(images_phash.resize_for_hash(image)[np.newaxis])[0]


def assert_as_imagehash(image: Image.Image) -> None:
    shown = to_grey(image)
    ours, mirrored = phash(shown)
    assert ours == str(imagehash.phash(image))
    assert mirrored == str(imagehash.phash(ImageOps.mirror(image)))


def test_hash_of_real_digits_is_that_of_imagehash() -> None:
    for digit in load_digits().images[:100]:
        small = Image.fromarray((digit * 255 / 16).astype(np.uint8))
        assert_as_imagehash(small.resize((64, 64), Image.Resampling.BICUBIC))


@pytest.mark.parametrize(("mode", "size"), [("L", (1, 1)), ("L", (31, 200)), ("RGB", (32, 32)), ("RGB", (301, 77))])
def test_hash_of_noise_is_that_of_imagehash(mode: str, size: tuple[int, int]) -> None:
    chance = random.Random(3)  # noqa: S311
    for _ in range(20 if size != (1, 1) else 0):
        data = chance.randbytes(size[0] * size[1] * len(mode))
        assert_as_imagehash(Image.frombytes(mode, size, data))


@pytest.mark.parametrize("archive", ["cifar10n.zip", "bccd.zip", "sroie.zip"])
def test_hash_of_real_pictures_is_that_of_imagehash(archive: str) -> None:
    for data in real_data.pictures(archive, 200 if archive == "cifar10n.zip" else 30).values():
        assert_as_imagehash(decode_image(data).image)
        # imagehash on the file as Pillow opens it, without our way of opening
        with Image.open(io.BytesIO(data)) as image:
            assert phash(to_grey(decode_image(data).image))[0] == str(imagehash.phash(ImageOps.exif_transpose(image)))


def test_flat_pictures_of_any_level_hash_alike() -> None:
    hashes = {phash(Image.new("L", size, level)) for level in range(1, 256) for size in ((64, 64), (640, 480))}
    assert hashes == {("8000000000000000", "8000000000000000")}


def test_a_symmetric_picture_is_its_own_mirror() -> None:
    half = np.frombuffer(random.Random(5).randbytes(16 * 32), dtype=np.uint8).reshape(32, 16)  # noqa: S311
    ours, mirrored = phash(Image.fromarray(np.hstack([half, half[:, ::-1]])))
    assert ours == mirrored


def test_hashes_become_integers() -> None:
    assert to_integers(["0000000000000001", "8000000000000000"]).tolist() == [1, 1 << 63]
    assert to_integers([]).tolist() == []

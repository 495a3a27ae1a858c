import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from golgoru.images.png import grey_png


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_a_reader_sees_the_pixels_that_were_written(pixels):
    with Image.open(io.BytesIO(grey_png(pixels))) as picture:
        assert (picture.format, picture.mode) == ("PNG", "L")
        assert np.array_equal(np.asarray(picture), pixels)


def test_the_bytes_are_those_of_the_standard():
    assert grey_png(np.array([[0, 255]], dtype=np.uint8)).hex() == (
        "89504e470d0a1a0a"
        "0000000d4948445200000002000000010800000000d1492056"
        "0000000e494441547801010300fcff0000ff01020100b7012ef7"
        "0000000049454e44ae426082"
    )


def test_more_pixels_than_one_block_holds_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        grey_png(np.zeros((256, 256), dtype=np.uint8))

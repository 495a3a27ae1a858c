"""The images that must never be used again, with their duplicates."""

from collections.abc import Sequence

import pandas as pd

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.duplicates import components, kinds
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import frames


def withdrawn_images(images: pd.DataFrame, pairs: pd.DataFrame, withdrawals: Sequence[Withdrawal]) -> pd.Series:
    """Return the images that are withdrawn, and with them all their duplicates, mirrored and rotated ones too.

    Borderline pairs do not count: an image that only looks similar stays.
    """
    unknown = sorted({w.image for w in withdrawals if w.image is not None} - set(images["image"]))
    if unknown:
        raise UserError(
            f"{paths.WITHDRAWALS}: there is no image '{unknown[0]}', so nothing would be withdrawn; correct the name,"
            " or, where the image was deleted, give its content (md5) instead"
        )
    certain = pairs[pairs["kind"].isin(kinds.CERTAIN)]
    same_image = pd.Series(components.component_ids(images["image"], certain), index=images.index)
    is_withdrawn = images["image"].isin([w.image for w in withdrawals if w.image is not None])
    is_withdrawn |= images["content"].isin([w.content for w in withdrawals if w.content is not None])
    # Equal bytes are followed before and after the pairs: files that cannot be decoded are in no pair, and such a file
    # may be the withdrawn image itself or a duplicate of it.
    for key in (images["content"], same_image, images["content"]):
        is_withdrawn |= frames.is_in(key, key[is_withdrawn])
    return images.loc[is_withdrawn, "image"]

"""Images that must never be used again, and their duplicates."""

from collections.abc import Sequence

import pandas as pd

from golgoru.core import paths
from golgoru.core.errors import UserError
from golgoru.duplicates import components, kinds
from golgoru.raw.withdrawals import Withdrawal
from golgoru.tables import frames


def withdrawn_images(images: pd.DataFrame, pairs: pd.DataFrame, withdrawals: Sequence[Withdrawal]) -> pd.Series:
    """Return the images that are withdrawn, and with them every copy, mirrored and rotated ones too.

    Who takes back a picture means all that shows it. What only looks like it stays.
    """
    unknown = sorted({w.image for w in withdrawals if w.image is not None} - set(images["image"]))
    if unknown:
        raise UserError(
            f"{paths.WITHDRAWALS}: there is no image '{unknown[0]}', so nothing would be withdrawn; correct the name,"
            " or, where the picture was deleted, give its content (md5) instead"
        )
    surely = pairs[pairs["kind"].isin(kinds.CERTAIN)]
    same_picture = pd.Series(components.component_ids(images["image"], surely), index=images.index)
    named = images["image"].isin([w.image for w in withdrawals if w.image is not None])
    named |= images["content"].isin([w.content for w in withdrawals if w.content is not None])
    # The same bytes are the same picture, also where they could not be decoded and compared: before and after
    # copies are followed, since a file that cannot be used may be the named one, or the other one.
    for key in (images["content"], same_picture, images["content"]):
        named |= frames.is_in(key, key[named])
    return images.loc[named, "image"]

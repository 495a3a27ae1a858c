"""The kinds of table `duplicate_pairs`, and what each means for the two images."""

SET_ASIDE = ("exact", "near")  # one of the two represents both, the other is set aside
REORIENTED = ("mirrored", "rotated")  # surely the same image, but both stay
FOR_REVIEW = ("borderline",)  # similar, but not surely the same; people decide, and both stay
CERTAIN = (*SET_ASIDE, *REORIENTED)
KINDS = (*CERTAIN, *FOR_REVIEW)

"""The kinds of table `pairs`, and what each means for the two pictures."""

SET_ASIDE = ("exact", "near")  # one of the two stays, the other one is left out for it
REORIENTED = ("mirrored", "rotated")  # surely the same picture, but both stay
FOR_REVIEW = ("borderline",)  # alike; people judge
CERTAIN = (*SET_ASIDE, *REORIENTED)
KINDS = (*CERTAIN, *FOR_REVIEW)

"""The kinds of table `pairs`, and what each means for the two pictures."""

SET_ASIDE = ("exact", "near")  # one of the two stays, the other one is left out for it
TURNED = ("mirrored", "rotated")  # surely the same picture, but both stay
TO_JUDGE = ("borderline",)  # alike; people judge
SURE = (*SET_ASIDE, *TURNED)
ALL = (*SURE, *TO_JUDGE)

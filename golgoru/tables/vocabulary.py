"""The values of columns that several packages write or ask for: statuses of labels, roles of annotations.

What they mean is golgoru.consensus' to say: `status` and `roles` there have the predicates.
"""

AGREED, ADJUDICATED, CONTESTED = "agreed", "adjudicated", "contested"
LABEL_STATUSES = (AGREED, ADJUDICATED, CONTESTED)

AGREES, OVERRULED, SUPERSEDED, OUTDATED = "agrees", "overruled", "superseded", "outdated"
EMPTY, NO_VOTE, SET_ASIDE = "empty", "no vote", "set aside"
ANNOTATION_ROLES = (AGREES, OVERRULED, ADJUDICATED, SUPERSEDED, OUTDATED, EMPTY, NO_VOTE, SET_ASIDE)

"""Every table of the pipeline by its name; one file beside this one per area.

The shell checks tables against these schemas on reading and on writing. Texts are UTF-8, dates ISO
`YYYY-MM-DD`, geometry pixels of the image as it is shown, origin top left.
"""

from golgoru.tables import (
    active,
    annotators,
    balance,
    consensus,
    duplicates,
    model,
    raw,
    release,
    splits,
    validation,
)

_AREAS = (raw, validation, duplicates, consensus, annotators, splits, balance, model, active, release)
TABLES = {table.name: table for area in _AREAS for table in area.TABLES}

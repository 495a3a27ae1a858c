"""The tables of broken rules, and of the edge cases that were found."""

from golgoru.tables.schema import ABOUT_IMAGE, INTEGER, OBJECT, TEXT, YES_NO, Column, Table

SEVERITIES = ("critical", "warning", "info")
ACTIONS = ("stop", "set aside", "tell")

_FINDING = (
    Column("rule", TEXT, "id of the rule"),
    Column("severity", TEXT, "critical, warning or info", values=SEVERITIES),
    Column("action", TEXT, "stop, set aside or tell", values=ACTIONS),
    Column("table", TEXT, "the table whose row breaks it"),
    Column("key", TEXT, "key of that row"),
    Column("image", TEXT, "the image it is about", nullable=True),
    Column("message", TEXT, "what was found, for people"),
    Column("known", YES_NO, "true where expectations/baseline.yaml accepts it, and it stops nothing for now"),
)

TABLES = (
    Table("violations", "one row per broken rule and row", ("rule", "table", "key"), _FINDING),
    Table("gate", "one row per broken rule and row of the tables that a release is made of", ("rule", "table", "key"), _FINDING),
    Table("edge_case_hits", "one row per edge case and object or image where it applies", ("edge_case", "image", "object"), (
        Column("edge_case", TEXT, "id of the edge case"),
        ABOUT_IMAGE,
        OBJECT._replace(meaning="as in labels; null where the edge case is about the image as a whole", nullable=True),
    )),
    Table("evaluable_edge_cases", "one row per active edge case", ("edge_case",), (
        Column("edge_case", TEXT, "id of the edge case"),
        Column("rows", INTEGER, "objects, or images, for which the trigger can be evaluated"),
        Column("missing_columns", TEXT, "columns that the trigger reads and that have no value anywhere, with commas", nullable=True),
    )),
)  # fmt: skip

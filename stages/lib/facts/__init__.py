"""Facts: what rules and triggers ask about a row, as columns beside a table's own. One module per kind of table."""

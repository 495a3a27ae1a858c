"""Features: the derived columns that rules and edge cases can read beside a table's own. One module per area."""

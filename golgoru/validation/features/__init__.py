"""Derived columns that rules and edge cases may use, one file per table."""

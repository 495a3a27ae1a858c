"""Suites (JSON, one per table, written from the rules) and what Great Expectations lacks for them."""

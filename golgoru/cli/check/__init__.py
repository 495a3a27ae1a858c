"""`dataset check`: do settings, guideline, rules, suites and data fit together."""

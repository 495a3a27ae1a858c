"""Train, val and test: assignment by group, coverage of classes, proposed pins, leakage."""

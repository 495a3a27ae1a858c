"""Class balance: targets, counts, weights, and what to collect."""

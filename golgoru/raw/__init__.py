"""What data/raw holds: deliveries, batches, pins, withdrawals, predictions of the team's own models."""

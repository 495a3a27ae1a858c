"""What can be said of annotators: agreement, accuracy, self-consistency, corrections, speed."""

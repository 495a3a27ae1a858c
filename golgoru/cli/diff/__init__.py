"""What differs between two commits."""

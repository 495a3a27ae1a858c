"""`dataset fix`: a sheet of label issues, and a review batch from its decisions."""

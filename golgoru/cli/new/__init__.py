"""`dataset new`: turn a clone of the template into an empty repository."""

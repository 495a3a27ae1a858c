"""`dataset why`: where an image or annotation went, and by which rule."""

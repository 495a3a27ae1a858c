"""`dataset log`: every annotation that an image ever had."""

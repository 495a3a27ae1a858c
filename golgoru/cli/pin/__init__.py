"""`dataset pin`: record proposed or chosen splits."""

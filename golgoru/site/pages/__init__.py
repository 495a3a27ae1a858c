"""One module and one template per page."""

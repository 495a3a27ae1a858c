"""From the rows of a payload to table `annotations`."""

"""From the annotations of an object to its label: votes, majority, Dawid-Skene, geometry, transcriptions."""

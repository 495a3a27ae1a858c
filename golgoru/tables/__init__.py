"""The tables of the pipeline: their schemas, one file per area, and how they are read and written."""

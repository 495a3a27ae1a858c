"""The pipeline: one file per DVC stage, in the order of dvc.yaml. What they share is in `golgoru`."""

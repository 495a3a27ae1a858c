"""dvc.yaml follows the code: what each stage reads, writes and imports, and the blocks that say so."""

"""What a release consists of: ledger, manifest, Croissant, dataset card."""

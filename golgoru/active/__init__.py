"""Active learning: which images to label next, pre-annotations, auto-accept."""

"""Image files: decoding, statistics, perceptual hashes, thumbnails."""

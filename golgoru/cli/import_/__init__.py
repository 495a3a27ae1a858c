"""`dataset import`: a delivery of images and a batch of labels."""

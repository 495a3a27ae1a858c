"""Boxes and polygons: overlap, matching of annotations, areas."""

"""Duplicates and near-duplicates among images: search, confirmation, groups, representatives."""

"""What knows nothing of data sets: errors, text, paths, names, numbers, hashing, files, YAML models, parallel work."""

"""The built-in model and what follows from it: features, classifier, scores, label noise, learning curve."""

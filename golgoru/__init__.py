"""The engine that stages and commands share: one package per concept, in the order of the pipeline."""

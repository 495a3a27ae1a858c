"""Where things lie, relative to the top of the repository; stages and commands run there."""

from pathlib import Path

DATA = Path("data")
RAW = DATA / "raw"
IMAGES = RAW / "images"
DELIVERIES = RAW / "deliveries"
BATCHES = RAW / "batches"
PREDICTIONS = RAW / "predictions"
PINS = RAW / "pins.csv"
WITHDRAWALS = RAW / "withdrawals.yaml"
RELEASE = DATA / "release"
CLASSES = Path("guidelines") / "classes.yaml"
RULES = Path("guidelines") / "rules.yaml"
ANNOTATORS = Path("guidelines") / "annotators.yaml"
CHANGES = Path("guidelines") / "changes.yaml"
EDGE_CASES = Path("guidelines") / "edge_cases.yaml"
EXPECTATIONS = Path("expectations")
CHECKS = EXPECTATIONS / "checks.py"
BASELINE = EXPECTATIONS / "baseline.yaml"
REPORTS = Path("reports")
SITE = REPORTS / "site"
PLOTS = REPORTS / "plots"
PARAMS = Path("params.yaml")
DVC = Path("dvc.yaml")

"""Where things lie, relative to the top of the repository; stages and commands run there."""

from pathlib import Path

DATA = Path("data")
IMAGES = DATA / "raw" / "images"
DELIVERIES = DATA / "raw" / "deliveries"
BATCHES = DATA / "raw" / "batches"
PREDICTIONS = DATA / "raw" / "predictions"
PINS = DATA / "raw" / "pins.csv"
WITHDRAWALS = DATA / "raw" / "withdrawals.yaml"
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

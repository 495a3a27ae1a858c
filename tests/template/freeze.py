"""Copy the repository's guideline, checks and settings to tests/template/frozen, where the engine's tests read them.

Run `python -m tests.template.freeze` after every change of them in the template itself.
"""

import shutil

from tests.template.builders.frozen import COPIED, FROZEN, TOP


def freeze() -> None:
    """Replace the frozen copies."""
    shutil.rmtree(FROZEN, ignore_errors=True)
    FROZEN.mkdir()
    for name in COPIED:
        source, target = TOP / name, FROZEN / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


if __name__ == "__main__":
    freeze()

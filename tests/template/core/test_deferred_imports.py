"""Modules that are loaded on use: not before, and then by whatever name they are asked for."""

import subprocess
import sys

import pytest

HEAD = (
    "import sys\n"
    "from golgoru.core.deferred_imports import deferred_imports\n"
    "with deferred_imports('scipy.stats'):\n"
    "    import scipy.stats, scipy.stats as known\n"
    "    from scipy import stats\n"
    "assert 'scipy.stats._stats_py' not in sys.modules\n"
)


@pytest.mark.parametrize(
    "use",
    [
        "assert known.norm.cdf(0) == 0.5",
        "assert stats.norm.cdf(0) == 0.5",
        "from scipy.stats import norm; assert norm.cdf(0) == 0.5",
        "from scipy.stats._distn_infrastructure import rv_frozen; assert isinstance(scipy.stats.norm(), rv_frozen)",
        "import scipy.stats.mstats; assert scipy.stats.mstats.gmean([1, 4]) == 2",
        "from scipy import stats as later; assert later.norm is known.norm is stats.norm",
    ],
)
def test_a_module_is_loaded_when_it_is_used(use):
    code = f"{HEAD}{use}\nassert 'scipy.stats._stats_py' in sys.modules\nimport gc; assert gc.isenabled()"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_module_that_is_there_already_stays():
    code = (
        "import scipy.stats, golgoru.core.deferred_imports as d\n"
        "with d.deferred_imports('scipy.stats'):\n    import scipy.stats as again\n"
        "assert again.norm.cdf(0) == 0.5 and type(again).__name__ == 'module'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_module_that_is_not_installed_is_missed_when_it_is_used():
    code = (
        "from golgoru.core.deferred_imports import deferred_imports\n"
        "with deferred_imports('no_such_module'):\n    import no_such_module\n"
        "try:\n    no_such_module.thing\nexcept ModuleNotFoundError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "No module named 'no_such_module'\n"

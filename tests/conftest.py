"""What all tests share: numerics on one thread each, since several processes of tests have all cores already.

Threads that wait for each other spin: on a busy machine the tests of `golgoru/balance` cost five times as much.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):  # read when numpy is imported
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

"""Settings that all tests share."""

from hypothesis import settings

# A busy machine must not fail a test, and a failing example must be the same one tomorrow.
settings.register_profile("here", deadline=None, derandomize=True)
settings.load_profile("here")

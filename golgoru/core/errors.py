"""The one exception that people see, and what text can be shown."""


class UserError(Exception):
    """A mistake in data, settings or use: its text says where, what was found, what to do.

    The shell and the `dataset` command print it without a traceback and exit with 2.
    """

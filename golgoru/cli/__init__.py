"""The `dataset` command: one folder per subcommand."""

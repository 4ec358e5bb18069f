"""One module a command of `python -m ml`. Heavy imports wait until a command runs: --help answers at once."""

#!/usr/bin/env python
"""FirstRead's command line: `manage.py up` starts everything, `manage.py help` lists the rest."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webportal.settings")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        sys.exit(f"The database does not answer ({reason}). Is FirstRead running? Start it with: make run")

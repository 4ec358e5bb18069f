"""`manage.py benchmark`: films a second here, beside the ideal loop and the usual ways to serve a model."""

import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

BENCH = "tests.bench.screening"
ABSENT = (
    "The benchmark needs the folder tests/ and the packages of requirements-dev.txt, which an installed FirstRead does "
    "without. Run `make bench` in a copy of the sources."
)


class Command(BaseCommand):
    help = (
        "Measure how fast films are screened, in one run with the ideal loop, a Flask page and a naive Celery task. "
        "It starts an installation of its own and leaves nothing of it."
    )
    requires_system_checks = ()  # they want a database, and it brings its own

    def add_arguments(self, parser):
        parser.add_argument("--data", type=Path, metavar="DIR", help="real films instead of drawn ones")
        parser.add_argument("-n", type=int, default=240, metavar="N", help="how many films are uploaded (240)")
        parser.add_argument("--rounds", type=int, default=4, help="in how many shares they are taken (4)")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")

    def handle(self, *, data, n, rounds, json, **_):
        """The bench is a program of its own: FirstRead imports nothing of its tests."""
        if not (settings.ROOT / "tests" / "bench" / "screening").is_dir():
            raise CommandError(ABSENT)
        if rounds < 1 or n < rounds:
            raise CommandError("It takes one round at least, and a film for each.")
        if data and not data.is_dir():
            raise CommandError(f"There is no folder {data}.")
        asked = ["-n", str(n), "--rounds", str(rounds)]
        asked += ["--data", str(data.resolve())] if data else []
        asked += ["--json", str(json.resolve())] if json else []
        done = subprocess.run([sys.executable, "-m", BENCH, *asked], cwd=settings.ROOT, check=False)
        sys.exit(done.returncode)

"""`manage.py verify_storage`: do ledger and storage agree? After a restore, and whenever somebody wants to know."""

import sys
from collections import Counter
from datetime import timedelta

from django.core.management.base import BaseCommand

from screening import verifying

SUMMARY = (
    "{missing} files that a row speaks of are missing, {changed} are not what was taken in, {stray} belong to no row. "
    "docs/deployment.md says what to do."
)


class Command(BaseCommand):
    help = (
        "Compare the ledger with the stored files. Prints a line for each file that is missing, changed or stray, "
        "without anything of a patient's. Exit code 1 where there is any."
    )

    def add_arguments(self, parser):
        parser.add_argument("--read", action="store_true", help="also read every original and compare its SHA-256")
        parser.add_argument(
            "--minutes", type=float, default=60, metavar="N",
            help="a file of no row is stray once it is so old (60): a younger one may just be on its way in; 0 where "
            "nothing runs",
        )  # fmt: skip

    def handle(self, *, read, minutes, **_):
        counted = Counter(missing=0, changed=0, stray=0)
        for each in verifying.differences(read, timedelta(minutes=minutes)):
            counted[each.kind] += 1
            self.stdout.write("  ".join(part for part in (f"{each.kind:7}", each.name, each.row) if part))
        if counted.total():
            self.stderr.write(SUMMARY.format(**counted))
            sys.exit(1)
        self.stdout.write("Ledger and storage agree.")

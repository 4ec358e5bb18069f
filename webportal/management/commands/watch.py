"""`manage.py watch DIR`: take in whatever is laid into a folder, until it is told to stop."""

import contextlib
import signal

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from screening import sandbox
from screening.models import AgeGroup, Priority
from screening.watch_folder import Folder, Unusable
from webportal.management.commands.ingest import site_of
from workers.watching import Watch


class Command(BaseCommand):
    help = (
        "Watch a folder: files are taken once they have come to rest, and moved to done/ or rejected/ in it, with the "
        "reason beside a rejected one. The folder is looked at every two seconds, for a network share tells nobody of "
        "changes. Ends after the files in hand on SIGTERM or Ctrl-C."
    )

    def add_arguments(self, parser):
        parser.add_argument("folder", metavar="DIR", help="the folder; sub-folders are taken too")
        site = "the site they belong to; needed where there are several, here or as FIRSTREAD_WATCH_SITE"
        parser.add_argument("--site", metavar="CODE", default=settings.WATCH_SITE or None, help=site)
        parser.add_argument("--priority", choices=[each.code for each in Priority], default="routine")
        parser.add_argument("--age-group", choices=AgeGroup.values[1:], default="", help="of films that say no age")
        parser.add_argument(
            "--settle", metavar="SECONDS", type=float, default=5, help="how long a file must stay unchanged (5)"
        )
        parser.add_argument("--once", action="store_true", help="take what lies there once it rests, and end")

    def handle(self, *, folder, site, priority, age_group, settle, once, **_):
        if settle < 0:
            raise CommandError("--settle takes seconds, 0 or more.")
        watched = Folder(folder, settle)
        site = site_of(site)
        watch = Watch(watched, site, Priority[priority.upper()], age_group)
        try:
            with watched.alone(), _ended_by_signals(watch):
                self.stderr.write(f"Watching {watched.root} for {site.name}.")
                watch.run(settle, once)
        except (Unusable, sandbox.CannotStart) as error:
            raise CommandError(str(error)) from error


@contextlib.contextmanager
def _ended_by_signals(watch):
    """SIGTERM and SIGINT end the watch after the files in hand; afterwards they mean what they meant before."""
    before = {each: signal.signal(each, watch.stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)

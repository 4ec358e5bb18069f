"""`manage.py export_dataset`: films with their findings, without names, for training on local films."""

import argparse
from datetime import date
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ml import pixels
from screening import export_words, exporting, pseudonyms
from screening.export_folder import ExportFolder, Refused, asked
from screening.models import Event, Finding, Site


class Command(BaseCommand):
    help = (
        "Write the films of read studies with their findings into a folder for `python -m ml train`, without patient "
        "data. The same command again brings the folder up to date. Every export is an event of the history."
    )

    def add_arguments(self, parser):
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder, or this export's")
        parser.add_argument("--site", nargs="+", metavar="CODE", default=[], help="these sites alone")
        parser.add_argument("--since", type=_day, metavar="DATE", help="findings signed on this day or later")
        parser.add_argument("--until", type=_day, metavar="DATE", help="findings signed on this day or earlier")
        findings = [str(each) for each in exporting.LABELS]
        parser.add_argument("--finding", nargs="+", choices=findings, default=findings)
        parser.add_argument("--unseen", action="store_true", help="only what was read without an AI score")
        parser.add_argument("--views", choices=("frontal", "all"), default="frontal", help="all: laterals too")
        parser.add_argument("--key-file", type=Path, help="key of the pseudonyms; drawn where missing (var/export.key)")
        parser.add_argument(
            "--study-as-patient", action="store_true", help="take films without a patient ID too, a patient a study"
        )
        parser.add_argument("--phantoms", action="store_true", help="the synthetic phantoms instead, to try it out")
        parser.add_argument("--dry-run", action="store_true", help="say what would leave, and write nothing")

    def handle(self, *, out, key_file, dry_run, **options):
        self.console = Console(stderr=True, highlight=False)
        wish = _wish(**options)
        try:
            names = pseudonyms.kept(key_file or settings.VAR / "export.key") if not dry_run else _passing()
            chosen = exporting.choose(wish, names)
            if not dry_run:
                self._write(ExportFolder(out, asked(wish, names), names.fingerprint), chosen, wish, names)
        except (Refused, pseudonyms.BadKey) as refused:
            raise CommandError(str(refused)) from None
        except OSError as error:
            raise CommandError(f"{out} cannot be written ({error.strerror}); run it again to go on.") from error
        self.stdout.write(export_words.summary(chosen))
        self.stdout.write("Nothing was written." if dry_run else f"Written to {out}; read its README.txt.")

    def _write(self, folder, chosen, wish, names):
        folder.check()
        if not chosen.films:
            raise CommandError(f"There is nothing to export; nothing was written. {export_words.summary(chosen)}")
        new = [film for film in chosen.films if not folder.has(film.row)]
        folder.check_space(sum(map(_size, new)))
        # Before the first film leaves: an export that is broken off is in the history too.
        _note(chosen, wish, names)
        folder.open()
        self._add(folder, chosen, new)
        folder.close([film.row for film in chosen.films], export_words.readme(chosen))

    def _add(self, folder, chosen, new):
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        lost = set()
        with Progress(*columns, console=self.console) as bar:
            for film in bar.track(new, description="exporting"):
                if problem := _add_one(folder, film):
                    self.console.print(f"left out: image {film.image}: {problem}", markup=False)
                    lost.add(film.image)
        if lost:
            chosen.left_out["images whose rendition cannot be read"] += len(lost)
            chosen.films = [film for film in chosen.films if film.image not in lost]


def _wish(*, site, since, until, finding, unseen, views, study_as_patient, phantoms, **_):
    sites = tuple(Site.objects.filter(code__in=site))
    if unknown := set(site) - {each.code for each in sites}:
        raise CommandError(f"There is no site {', '.join(sorted(unknown))}; `manage.py site list` names them all.")
    findings = tuple(Finding(each) for each in finding)
    return exporting.Wish(sites, since, until, findings, unseen, views == "all", phantoms, study_as_patient)


def _day(text):
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("it must be a day as in 2026-01-31") from None


def _passing():
    """Names for counting alone: nothing is written, a key neither."""
    return pseudonyms.Pseudonyms(b"dry run")


def _size(film):
    try:
        return default_storage.size(film.rendition)
    except OSError:  # told when it is its turn
        return 0


def _add_one(folder, film):
    """Why this film could not be taken along, or ""."""
    try:
        with default_storage.open(film.rendition) as file:
            rendition = file.read()
    except OSError as error:
        return f"its rendition cannot be read ({error.strerror})"
    try:
        folder.add(film.row, rendition)
    except pixels.Unreadable as unreadable:
        return unreadable.sentence
    return ""


def _note(chosen, wish, names):
    detail = {"films": len(chosen.films), "patients": len(chosen.count("patient")), "key": names.fingerprint}
    site = wish.sites[0] if len(wish.sites) == 1 else None
    Event.note(Event.Kind.EXPORT, site=site, sites=[str(each.pk) for each in wish.sites], **detail)

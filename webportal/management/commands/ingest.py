"""Take files, folders and ZIPs in from the command line, through the same door as the upload page."""

import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from screening import batches, holding, intake, lifecycle, manifest, sandbox, wording
from screening.abreast import abreast
from screening.answers import answers, awaited
from screening.archive import Archive, BadArchive, batch_of, is_archive, take_entry, turns
from screening.keeping import StorageAway, StorageFull
from screening.models import AgeGroup, Batch, Priority, Receipt, Site
from workers import dispatch, heartbeat

POLL_S = 0.5
# How long to wait without any progress: where no worker lives (one may be starting), and where one does.
NO_WORKER_S, NO_PROGRESS_S = 4 * settings.SWEEP_S, 10 * settings.LEASE_S
NO_WORKER = "no screening worker is alive: start one with `make run` or `manage.py up`; the films wait for it"


@dataclass(frozen=True)
class Source:
    """A file on its way in: where it lies, and its name on the receipt."""

    path: Path
    name: str

    @property
    def packed(self):
        with self.path.open("rb") as file:
            return is_archive(file)


@dataclass(frozen=True)
class Line:
    """What became of one file: its receipt, or the reason why it could not be tried."""

    file: str
    receipt: Receipt | None
    reason: str = ""

    def as_dict(self, found):
        """One JSON object; `found` is {image id: Answer}."""
        receipt = self.receipt
        answer = receipt and found.get(receipt.image_id)
        return {
            "file": self.file,
            "outcome": receipt.outcome if receipt else "error",
            "reason": receipt.reason if receipt else self.reason,
            "study": _text(receipt and receipt.study_id),
            "image": _text(receipt and receipt.image_id),
            "probability": answer and answer.probability,
            "band": answer and answer.band,
            "model": _text(answer and answer.model_version),
        }


class Command(BaseCommand):
    help = (
        "Send films: files, folders (with all below them) and ZIPs. Prints one JSON object a file; the summary and "
        "the progress go to stderr. Exit code 0 unless something could not be tried."
    )

    def add_arguments(self, parser):
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a film, a ZIP, or a folder of these")
        parser.add_argument("--site", metavar="CODE", help="the site they belong to; needed where there are several")
        parser.add_argument("--priority", choices=[each.code for each in Priority], default="routine")
        parser.add_argument("--age-group", choices=AgeGroup.values[1:], default="", help="of films that say no age")
        parser.add_argument("--dry-run", action="store_true", help="say what would become of each file; store nothing")
        parser.add_argument("--wait", action="store_true", help="wait for the AI's answers")
        parser.add_argument("--json", metavar="FILE", help="write the objects there, one a line, instead of to stdout")

    def handle(self, *, paths, site, priority, age_group, dry_run, wait, json, **_):
        if dry_run and wait:
            raise CommandError("A dry run stores nothing, so there is nothing to wait for: leave --wait out.")
        self.console = Console(stderr=True, highlight=False)
        about = {"site": site_of(site), "priority": Priority[priority.upper()], "age_group": age_group}
        sources = [source for path in paths for source in _sources(Path(path))]
        with _written_to(json) as out, _batch(dry_run, **about) as batch:
            lines = self._read_manifests(batch, [source for source in sources if manifest.is_manifest(source.name)])
            lines += self._take(batch, [source for source in sources if not manifest.is_manifest(source.name)])
            left = self._wait(lines) if wait else 0
            _write(lines, out)
        self._sum_up(lines, batch, left)
        if any(line.receipt is None for line in lines):
            sys.exit(1)

    def _read_manifests(self, batch, sources):
        """The lines of the manifests, which come before the films; a bad row is said, and stops no other row."""
        lines = [_take_file(batch, source) for source in sources]
        for line in lines:
            if line.receipt is None or line.receipt.outcome == Receipt.Outcome.REJECTED:
                raise CommandError(f"{line.file}: {line.receipt.sentence if line.receipt else 'it cannot be read.'}")
        for row in batch.manifest.exclude(error="").order_by("source", "row"):
            self.console.print(f"{row.source}, row {row.row}: {row.error}", markup=False)
        return lines

    def _take(self, batch, sources):
        lines, rung = [], 0
        with self._bar() as bar:
            task = bar.add_task("taking in", total=len(sources))
            for line, more in _lines(batch, sources):
                lines.append(line)
                bar.update(task, advance=1, total=bar.tasks[task].total + more)
                if len(lines) - rung >= settings.BATCH_SIZE:
                    rung = _ring(lines, rung)
        _ring(lines, rung)
        return lines

    def _wait(self, lines):
        """Wait for the AI to answer; gives how many images it has not answered for."""
        images = _images(lines)
        with self._bar() as bar:
            task = bar.add_task("screening", total=len(images))
            left, since = len(images), time.monotonic()
            while now_left := awaited(images).count():
                if now_left < left:
                    left, since = now_left, time.monotonic()
                bar.update(task, completed=len(images) - now_left)
                if problem := _stalled(time.monotonic() - since):
                    self.console.print(f"Stopped waiting: {problem}.")
                    return now_left
                time.sleep(POLL_S)
            bar.update(task, completed=len(images))
        return 0

    def _bar(self):
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        return Progress(*columns, console=self.console)

    def _sum_up(self, lines, batch, left):
        outcomes = [line.receipt.outcome if line.receipt else "not tried" for line in lines]
        counts = ", ".join(f"{outcomes.count(each)} {each}" for each in dict.fromkeys(sorted(outcomes)))
        self.console.print(f"{len(lines)} files for {batch.site.name}: {counts or 'nothing found'}.", markup=False)
        if batch.state != Batch.State.OPEN:
            self.console.print("A dry run: nothing was stored. Send them without --dry-run.")
        if left:
            self.console.print(f"{left} images are not screened yet; their studies are on the worklist all the same.")
        self.console.print(wording.RESEARCH_USE)


def site_of(code):
    """The site of that code, or the only one that is no demo. Raises CommandError."""
    sites = Site.objects.filter(demo=False) if code is None else Site.objects.filter(code=code)
    if len(sites) == 1:
        return sites[0]
    known = ", ".join(Site.objects.values_list("code", flat=True)) or "none yet: `manage.py bootstrap` makes one"
    if code is not None:
        raise CommandError(f"There is no site {code}. Sites: {known}.")
    raise CommandError(f"Say which site these films belong to: --site CODE. Sites: {known}.")


def _batch(dry_run, **about):
    state = Batch.State.TRIAL if dry_run else Batch.State.OPEN
    return _ended(Batch.objects.create(source=Batch.Source.COMMAND, state=state, **about))


@contextlib.contextmanager
def _ended(batch):
    """The batch, for as long as files are taken into it; one of a dry run is discarded then, whatever happens."""
    try:
        yield batch
    finally:
        if batch.state == Batch.State.TRIAL:
            with contextlib.suppress(lifecycle.Overtaken):  # somebody has discarded it meanwhile
                holding.discard(batch)


@contextlib.contextmanager
def _written_to(path):
    """Where the objects go; opened first, so that a path that cannot be written is told before anything is sent."""
    if path is None:
        yield sys.stdout
        return
    try:
        with Path(path).open("w", encoding="utf-8") as out:
            yield out
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error


def _write(lines, out):
    found = answers(_images(lines))
    for line in lines:
        out.write(json.dumps(line.as_dict(found)) + "\n")


def _sources(path):
    """Every file under a path in the order of the names; a path that is not there is a source too, and fails alone."""
    if not path.is_dir():
        yield Source(path, path.name)
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            found = Path(folder, name)
            if not found.is_file() and found.exists():  # a pipe would be waited for, a device never ends
                continue
            yield Source(found, str(path.resolve().name / found.relative_to(path)))


def _lines(batch, sources):
    """(Line, how many files more there are than counted) of every file, archives unpacked."""
    for packed, run in groupby(sources, _is_packed):
        if packed:
            for source in run:
                yield from _lines_of_archive(batch, source)
        else:
            yield from ((line, 0) for line in abreast(partial(_take_file, batch), run))


def _is_packed(source):
    try:
        return source.packed
    except OSError:  # it will say so when it is tried
        return False


def _take_file(batch, source):
    return _tried(str(source.path), lambda: intake.receive(batches.of_now(batch), source.name, source.path))


def _lines_of_archive(batch, source):
    with source.path.open("rb") as file:
        try:
            archive = Archive(file)
        except BadArchive as bad:
            size = source.path.stat().st_size
            yield Line(str(source.path), intake.refuse(batch, source.name, bad.code, size=size)), 0
            return
        more = len(archive.entries) - 1
        for line in _lines_of_entries(batch, source, archive):
            yield line, more
            more = 0


def _lines_of_entries(batch, source, archive):
    """Of an archive with a manifest that could not be tried nothing is tried: its films would miss their patients."""
    own = batch_of(archive, batch)
    with contextlib.nullcontext() if own is batch else _ended(own):
        unread = ""
        for turn in turns(archive.entries):
            if unread:
                yield from (Line(f"{source.path}/{entry.name}", None, unread) for entry in turn)
                continue
            for line in abreast(partial(_take_packed, own, source, archive), turn):
                unread = "" if line.receipt else line.reason
                yield line


def _take_packed(batch, source, archive, entry):
    return _tried(f"{source.path}/{entry.name}", lambda: take_entry(archive, entry, batches.of_now(batch), source.name))


def _tried(file, take):
    try:
        return Line(file, take())
    except StorageFull:
        return Line(file, None, "storage_full")
    except StorageAway:
        return Line(file, None, "storage_away")
    except OSError as error:
        return Line(file, None, "missing" if isinstance(error, FileNotFoundError) else "unreadable")
    except sandbox.CannotStart as error:
        raise CommandError(str(error)) from error


def _ring(lines, start):
    dispatch.ring(intake.to_ring([line.receipt for line in lines[start:] if line.receipt]))
    return len(lines)


def _images(lines):
    return [line.receipt.image_id for line in lines if line.receipt and line.receipt.image_id]


def _stalled(seconds):
    """Why waiting longer is no use, or ""."""
    if seconds < NO_WORKER_S:
        return ""
    living = list(heartbeat.alive("model"))
    if not living:
        return NO_WORKER
    if problem := next((each.problem for each in living if each.problem), ""):
        return f"the screening worker says: {problem}"
    return f"nothing was screened for {wording.duration(seconds)}" if seconds > NO_PROGRESS_S else ""


def _text(value):
    return str(value) if value else None

"""R15: the disk of the films is full, or fails to keep what was written: 507, nothing half stored, and it heals."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from deploy.local import commands
from screening.models import Image, Job, Site
from tests.faults import checker
from tests.faults import sender as senders
from tests.faults.conftest import QUICK, until
from tests.intake import films

pytestmark = pytest.mark.faults
nightly = pytest.mark.nightly
MB = 2**20
# Whoever is root already needs no namespace of users, and would lose the right to the folders of PostgreSQL's account.
UNSHARE = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
MOUNT = 'mount -t tmpfs -o size={mb}m tmpfs "$FIRSTREAD_VAR/media" && exec "$@"'


def can_mount():
    command = [*UNSHARE, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt"]
    return shutil.which("unshare") and subprocess.run(command, capture_output=True).returncode == 0


needs_disk = pytest.mark.skipif(not can_mount(), reason="a disk of its own needs Linux's `unshare` and the right to it")
needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="an fsync that fails needs strace")


@pytest.fixture
def small_disk(installation, settings):
    """A function that starts the portal with its films on a disk of so many MB; gives the folder as it sees it."""

    def start(mb, **profile):
        command = [*UNSHARE, "sh", "-c", MOUNT.format(mb=mb), "sh", *commands._portal(installation.port)]
        portal = installation.run(command, "portal", **QUICK, **profile)
        until(installation.answers, 60, "the portal answers")
        media = Path(f"/proc/{portal.pid}/root{installation.var}/media")
        backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(media)}}
        settings.STORAGES = settings.STORAGES | {"default": backend}
        return media

    return start


def fill(media, leave_b):
    """Take the space but for so much; the file that does."""
    filler = media / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(media).free - leave_b))
    return filler


def stored(media):
    return [path for path in media.rglob("*") if path.is_file() and path.name != "filler"]


def assert_whole(sender, media):
    """Each film has its three files, and no other is there."""
    checker.check(acknowledged=sender.acknowledged(), bound_s=600)
    assert len(stored(media)) == 3 * Image.objects.count()


@needs_disk
def test_r15_films_for_which_there_is_no_space_get_507_and_go_in_once_there_is(installation, factories, small_disk):
    media = small_disk(20, DISK_FLOOR_MB=0)
    sender = senders.of(installation, factories)
    look = senders.browser(installation, factories.person(["technologist", "radiologist"], *Site.objects.all()))
    assert sender.send(0) == 201
    filler = fill(media, leave_b=500_000)
    sender.send_all(range(50))
    assert sender.statuses() == {200, 201, 507} or sender.statuses() == {201, 507}
    assert '"storage_full"' in next(sender.bodies[number] for number, status, _ in sender.said if status == 507)
    assert_whole(sender, media)
    assert {look(path).status_code for path in ("/worklist/", "/upload/", "/studies/")} == {200}
    assert_an_archive_is_refused_too(sender)
    filler.unlink()
    sender.send_all(range(50), sender.send_until_taken)
    assert Image.objects.count() == 50
    assert_whole(sender, media)


def assert_an_archive_is_refused_too(sender):
    packed = films.archive({f"{n}.jpg": films.jpeg(n, side=512) for n in range(200, 230)})
    answer = requests.post(sender.url, headers=sender.headers, files={"file": ("cd.zip", packed)}, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "storage_full")
    assert not Job.objects.exists()


@nightly
@needs_disk
def test_r15_below_the_floor_nothing_new_is_taken_while_there_is_still_space(installation, factories, small_disk):
    media = small_disk(20, DISK_FLOOR_MB=10)
    sender = senders.of(installation, factories)
    assert sender.send(0) == 201
    filler = fill(media, leave_b=9 * MB)
    assert sender.send(1) == 507
    assert_whole(sender, media)
    filler.unlink()
    assert sender.send(1) == 201
    assert_whole(sender, media)


@needs_strace
@nightly
@pytest.mark.parametrize("first", [3, 5, 8])
def test_r15_a_film_whose_bytes_do_not_reach_the_disk_was_not_taken(installation, factories, first):
    """Each thread of the portal fails at its `first` call, and then at each ninth; a film needs six."""
    inject = f"inject=fsync:error=ENOSPC:when={first}+9"
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", inject]
    installation.run([*command, *commands._portal(installation.port)], "portal", **QUICK)
    until(installation.answers, 60, "the portal answers")
    sender = senders.of(installation, factories)
    sender.send_all(range(24))
    assert sender.statuses() == {201, 507}
    sender.send_all(range(24), sender.send_until_taken)
    assert Image.objects.count() == 24
    assert_whole(sender, installation.var / "media")

"""What hostile files cost the portal: its processes stay small, and no answer is an error of ours."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from knox.models import AuthToken

from screening.models import Batch
from tests.catalogue import dicom_headers, dicom_pixels, jpegs, pngs, zips

pytestmark = [pytest.mark.faults, pytest.mark.slow]
MOST_MB = 300
IN_FLIGHT = 4  # as the upload page has it
HUGE_B = 100 * 2**20  # the most that a film may have

HOSTILE = {
    "deflated_bomb.dcm": dicom_headers.deflated_bomb,
    "jpeg2000_bomb.dcm": dicom_pixels.vast_jpeg2000,
    "private_tag.dcm": lambda: dicom_headers.huge_tag(50),
    "elements.dcm": lambda: dicom_headers.many_elements(100_000),
    "items.dcm": lambda: dicom_headers.many_items(200_000),
    "nested.dcm": lambda: dicom_headers.nested(5000),
    "truncated.dcm": lambda: dicom_pixels.cut(60),
    "pixels.png": lambda: pngs.vast(13000, 13000, 8, 2),
    "bits.png": lambda: pngs.vast(20000, 20000, 1, 0),
    "text.png": lambda: pngs.text(10),
    "texts.png": pngs.many_texts,
    "truncated.jpg": lambda: jpegs.cut(60),
    "garbage.dcm": lambda: random.Random(0).randbytes(HUGE_B),
    "garbage.jpg": lambda: b"\xff\xd8\xff" + random.Random(1).randbytes(HUGE_B - 3),
    "too_large.png": lambda: bytes(HUGE_B + 1),
    "nested.zip": zips.nested,
    "shared.zip": zips.shared_bodies,
    "forged.zip": lambda: zips.forged(100, 100),
    "entries.zip": lambda: zips.empty_entries(50_000),
}


@pytest.fixture
def portal(installation):
    """The portal as `manage.py up` starts it."""
    return installation.started("portal")


@pytest.fixture
def sender(portal, installation, factories):
    """(where the files of a new batch go, the header of its technologist)."""
    home = factories.site("ward")
    person = factories.technologist(home)
    batch = Batch.objects.create(site=home, uploaded_by=person, source=Batch.Source.API)
    token = AuthToken.objects.create(person)[1]
    return f"{installation.address}/api/v1/batches/{batch.pk}/files", {"Authorization": f"Token {token}"}


def highest_mb(program):
    """{process id: the most memory in MB that it ever held} of a portal, without its limited children."""
    said = {pid: Path(f"/proc/{pid}/status").read_text() for pid in (program.pid, *program.children())}
    return {pid: int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6 for pid, status in said.items()}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the high-water mark is Linux's")
def test_hostile_files_leave_the_portal_small_and_get_answers_of_their_own(portal, sender):
    def send(name):
        answer = requests.post(url, headers=headers, files={"file": (name, HOSTILE[name]())}, timeout=60)
        return name, answer.status_code

    url, headers = sender
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        said = dict(threads.map(send, HOSTILE))
    assert {name: status for name, status in said.items() if status >= 500} == {}
    assert {said["too_large.png"], said["pixels.png"], said["bits.png"]} == {413}
    held = highest_mb(portal)
    assert len(held) == 3
    assert max(held.values()) < MOST_MB, held

"""R28: a power cut cannot be made here. What can be proven is the order: the disk has the film before anybody is told.

A file is written under a generated name, which nobody knows before its row is committed: no rename is needed.
"""

import re
import shutil

import pytest
import requests

from deploy.local import commands
from screening.models import Image
from tests import factories
from tests.faults import checker
from tests.faults.conftest import until
from tests.intake import films

CALLS = "write,fsync,mkdir,mkdirat,sendto"
pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed: the order of calls is not seen"),
]


@pytest.fixture
def traced(installation, tmp_path):
    """A portal whose every thread writes its calls to a file of this folder."""
    strace = ["strace", "-ff", "-qq", "-yy", "-s", "48", "-e", f"trace={CALLS}", "-o", tmp_path / "calls"]
    installation.run([*strace, *commands._portal(installation.port)], "traced")
    until(installation.answers, 60, "the portal answers")
    return tmp_path


def calls_about(folder, name):
    """The calls, in order, of the thread that wrote the file."""
    (found,) = [text for path in folder.glob("calls.*") if name in (text := path.read_text(errors="replace"))]
    return found.splitlines()


def index(calls, pattern, after=0):
    """Where the first successful call that fits comes, from `after` on."""
    found = (n for n, call in enumerate(calls[after:], after) if re.search(pattern, call) and " = -1 " not in call)
    place = next(found, None)
    assert place is not None, f"no call fits {pattern}"
    return place


def called(name, path):
    """A call with that open file or folder as its first argument."""
    return rf"^{name}\(\d+<{re.escape(str(path))}>"


def test_a_film_is_on_the_disk_with_its_folders_before_its_row_is_committed_and_that_before_the_answer(
    traced, installation
):
    from knox.models import AuthToken

    factories.active_model()
    token = AuthToken.objects.create(factories.technologist(factories.site("home")))[1]
    answer = requests.post(
        f"{installation.address}/api/v1/uploads", headers={"Authorization": f"Token {token}"},
        files={"file": ("film.jpg", films.jpeg(1))}, timeout=60,
    )  # fmt: skip
    assert answer.status_code == 201
    image = Image.objects.get()
    calls = calls_about(traced, image.original.name)
    names = [image.original.name, image.viewing.name, image.model_input.name]
    paths = [installation.var / "media" / name for name in names]
    begun = min(index(calls, called("write", path)) for path in paths)
    committed = index(calls, r'^sendto\(.*"Q\\0\\0\\0\\vCOMMIT\\0"', begun)
    for path in paths:
        written = max(n for n, call in enumerate(calls) if re.search(called("write", path), call))
        synced = index(calls, called("fsync", path), written)
        named = index(calls, called("fsync", path.parent), synced)
        assert written < synced < named < committed
    for folder in {path.parent for path in paths}:
        made = index(calls, rf'^mkdir(at)?\(.*"{re.escape(str(folder))}"')
        named = index(calls, called("fsync", folder.parent), made)
        assert made < named < committed
    assert committed < index(calls, r'^sendto\(.*"HTTP/1.1 201 Created', committed)
    checker.check(bound_s=600)

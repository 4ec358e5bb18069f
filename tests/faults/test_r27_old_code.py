"""R27: the newest migration is applied while workers of the code before it are at work, and they go on."""

import io
import subprocess
import tarfile

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from screening.models import Screening
from tests import factories
from tests.faults import checker, drawn
from tests.faults.conftest import all_ended, ring_for_all, until
from tests.installation import ROOT

pytestmark = [pytest.mark.faults, pytest.mark.nightly]
FILMS = 100


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def newest_migration():
    """(its name, the name of the one before it)."""
    loader = MigrationLoader(connection)
    (leaf,) = loader.graph.leaf_nodes("screening")
    (before,) = (each for each in loader.graph.node_map[leaf].parents if each.key[0] == "screening")
    return leaf[1], before.key[1]


@pytest.fixture
def old_code(installation, tmp_path):
    """The folder of the code as it was before the newest migration."""
    path = f"screening/migrations/{newest_migration()[0]}.py"
    try:
        added = git("log", "--format=%H", "--diff-filter=A", "-1", "--", path).decode().strip()
        packed = git("archive", f"{added}^" if added else "HEAD")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the code before the newest migration is not at hand: this is no git clone, or a shallow one")
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(tmp_path / "old", filter="data")
    assert not (tmp_path / "old" / path).exists()
    return tmp_path / "old"


@pytest.fixture
def old_schema(installation):
    """The shape of the database before the newest migration; put right again at the end."""
    _, before = newest_migration()
    installation.manage("migrate", "screening", before, "--verbosity", "0")
    yield
    installation.manage("migrate", "--verbosity", "0")


def test_workers_of_the_code_before_go_on_while_the_schema_changes_and_after_it(old_code, old_schema, installation):
    def start(kind, **settings):
        command = ["env", "-C", old_code, *installation._command(kind, f"old-{kind}")]
        return installation.run(command, f"old-{kind}", **settings)

    factories.active_model()
    site = factories.site()
    drawn.waiting(site, FILMS)
    sweeper, worker = start("sweeper"), start("screening", STUB_S=1, BATCH_SIZE=2)
    ring_for_all()
    done = Screening.objects.filter(state="done")
    until(lambda: done.count() >= 8, 120, "the old worker at work")
    installation.manage("migrate", "--verbosity", "0")
    assert done.count() < FILMS, "the schema must change while it works"
    until(all_ended, 240, "every film ended")
    drawn.waiting(site, FILMS, first=FILMS)
    ring_for_all()
    until(all_ended, 240, "every film on the new schema ended")
    assert set(Screening.objects.values_list("state", "attempts", "crashes")) == {("done", 1, 0)}
    assert done.count() == 2 * FILMS
    assert sweeper.alive and worker.alive
    assert "Traceback" not in worker.said() + sweeper.said()
    checker.check(bound_s=600)

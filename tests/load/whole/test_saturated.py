"""What pages, API and uploads take while the screening worker has work without end, against the same when it is idle.

In turns with the worker as it is started, the same worker is measured behind everything else (niceness 10): what a
lower priority would give to those who ask, and what it would take from those who wait for a score.
"""

import contextlib
import itertools
import os
import threading
import time
from pathlib import Path

import psutil
import pytest
from django.db.models.functions import Now

from screening import queue
from screening.models import Image, Prediction, Screening
from screening.worklist import database_now
from tests.bench import drawn
from tests.bench.screening.copies import copies
from tests.faults.conftest import all_ended, until
from tests.installation import MUCH
from tests.load import figures
from tests.load.people import Visitor
from tests.load.whole.conftest import SHIPPED
from workers import dispatch

pytestmark = [pytest.mark.load, pytest.mark.slow]
ROUNDS, PHASE_S, PAUSE_S = 3, 12, 0.25
STORED, ENOUGH = 32, 4_000
BEHIND = 10
ASKED = ("list", "detail", "upload", "healthz")
# Of the API p95 in s, or so many times the idle machine's; p99; and of /healthz p95.
API_S, TIMES, LONGEST_S, HEALTH_S = 0.5, 3, 2, 0.2


def set_priority(worker, niceness):
    """Of the worker's session, and of each thread of its processes: a process has no niceness of its own on Linux."""
    with contextlib.suppress(FileNotFoundError):
        Path(f"/proc/{worker.pid}/autogroup").write_text(f"{niceness}")
    for process in [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]:
        for thread in Path(f"/proc/{process.pid}/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), niceness)


@pytest.fixture
def people(shipped, factories):
    """(Visitor that reads, Visitor that sends, the list of their answers, a batch) at a started installation."""
    shipped.started("portal")
    shipped.start("sweeper")
    site, said = factories.site(**MUCH), []
    reader, sender = (
        Visitor(shipped.address, person, said) for person in (factories.radiologist(site), factories.technologist(site))
    )
    return reader, sender, said, sender.begin(site.code)


def ask_for_a_while(reader, sender, batch, films, study):
    """Each of ASKED by a client of its own that waits for its answer, and a little."""
    asks = {
        "list": lambda: reader.ask("list", "GET", "/api/v1/worklist"),
        "detail": lambda: reader.ask("detail", "GET", f"/api/v1/studies/{study}"),
        "upload": lambda: sender.send(batch, *next(films)),
        "healthz": lambda: reader.ask("healthz", "GET", "/healthz"),
    }
    ends = time.monotonic() + PHASE_S

    def repeat(ask):
        while time.monotonic() < ends:
            ask()
            time.sleep(PAUSE_S)

    threads = [threading.Thread(target=repeat, args=(ask,)) for ask in asks.values()]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def end_the_rest():
    waiting = Screening.objects.filter(state=Screening.State.PENDING)
    while waiting.update(state=Screening.State.CANCELLED, ended_at=Now()) or not all_ended():
        time.sleep(0.2)


def test_whoever_asks_is_answered_while_the_worker_takes_all_there_is(shipped, people, say):
    reader, sender, said, batch = people
    worker = shipped.started("screening", **SHIPPED)
    count = STORED + int(3 * ROUNDS * PHASE_S / PAUSE_S)
    films = iter(drawn.drawn(count, (512,)).items())
    for name, data in itertools.islice(films, STORED):
        assert sender.send(batch, name, data) == 201
    until(all_ended, 120, "the first films screened")
    stored = list(Image.objects.select_related("study"))
    base = os.getpriority(os.PRIO_PROCESS, 0)
    phases = {"idle": None, "as shipped": base, "behind everything else": base + BEHIND}
    found = {(phase, what): [] for phase in phases for what in ASKED}
    screened = dict.fromkeys(phases, 0)
    for _, (phase, niceness) in itertools.product(range(ROUNDS), phases.items()):
        if niceness is not None:
            set_priority(worker, niceness)
            dispatch.ring(queue.enqueue(copies(stored, ENOUGH)))
        said.clear()
        began = database_now()
        ask_for_a_while(reader, sender, batch, films, stored[0].study_id)
        screened[phase] += Prediction.objects.filter(created_at__gt=began).count()
        for each in said:
            found[phase, each.what].append(each)
        assert niceness is None or Screening.objects.filter(state="pending").count(), "there was too little to do"
        end_the_rest()
    for phase in phases:
        say(f"{phase}: films a second", screened=screened[phase] / ROUNDS / PHASE_S)
        for what in ASKED:
            say(f"{phase}: {what}", **told(found, phase, what))
    assert {each.status for answers in found.values() for each in answers} == {200, 201}


def told(found, phase, what):
    times, idle = ([each.seconds for each in found[name, what]] for name in (phase, "idle"))
    p50, p95, p99 = (figures.percentile(times, share) for share in (50, 95, 99))
    allowed = HEALTH_S if what == "healthz" else TIMES * figures.percentile(idle, 95)
    allowed = max(allowed, API_S) if what in ("list", "detail") else allowed
    return {
        "answers": len(times), "p50_s": p50, "p95_s": p95, "p99_s": p99, "by_idle": p95 / figures.percentile(idle, 95),
        "goal_p95_s": allowed, "p95_holds": p95 <= allowed, "p99_holds": p99 <= LONGEST_S,
    }  # fmt: skip

"""What the queue's and the reader's steps cost in ledgers of 10,000, 100,000 and 1,000,000 studies: the same.

Each ledger is a database of its own, of which every other study is read; they take turns, so that what else the machine
does falls upon all. The worklist's pages are measured in test_worklist.py.
"""

import statistics
import time

import pytest
from django.db import connections

from screening import notices, queue, reading, sweeping, worklist
from screening.models import Study
from tests import factories, ledger, plans

pytestmark = [pytest.mark.load, pytest.mark.slow]
SIZES = (10_000, 100_000, 1_000_000)
ASKED, GROWTH = 100, 1.5
BIG = {"study", "image", "screening", "prediction", "event"}


class Ledgers:
    """Databases with the same site, reader and model, and different numbers of studies; one is at hand at a time."""

    def __init__(self, blank):
        self.blank, self.made = blank, {}

    def make(self, size):
        """A database like the blank one, at hand from now on."""
        name = f"{self.blank.settings_dict['NAME']}_{size}"
        self.blank.close()  # nobody may be in a database that is copied
        with self.blank._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.blank.settings_dict["NAME"]}"')
        made = connections.create_connection("default")
        made.settings_dict = {**self.blank.settings_dict, "NAME": name}
        self.made[size] = made
        self.at(size)

    def at(self, size):
        connections["default"] = self.made[size]

    def end(self):
        connections["default"] = self.blank
        for made in self.made.values():
            made.close()
            with self.blank._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{made.settings_dict["NAME"]}" WITH (FORCE)')


@pytest.fixture
def ledgers(transactional_db):
    found = Ledgers(connections["default"])
    yield found
    found.end()


def milliseconds(do):
    began = time.perf_counter()
    plans.unsaved(do)
    return 1000 * (time.perf_counter() - began)


def steps(site, reader, model):
    """{what is done: a function that does it}."""
    listed = worklist.waiting(Study.objects.filter(site=site))
    return {
        "claim a batch": lambda: queue.claim_screenings("one", [model.pk]),
        "claim a batch by arrival": lambda: queue.claim_screenings("one", [model.pk], by_arrival=True),
        "claim the next study": lambda: reading.claim_next(listed, reader),
        "sweep": sweeping.sweep,
        "claims that ran out": reading.expire_claims,
        "what there is to tell": notices.gather,
    }


def test_no_step_costs_more_the_more_is_there(ledgers, record_property, capsys):
    model, site = factories.active_model(), factories.site()
    reader = factories.radiologist(site)
    for size in SIZES:
        ledgers.make(size)
        ledger.fill(site, size, model)
        while len(notices._stat_likely()):  # it is told once; what every sweep asks is whether there is more
            notices.gather()
    doing = steps(site, reader, model)
    found = {(name, size): [] for name in doing for size in SIZES}
    for turn in range(ASKED + 2):
        for size in SIZES:
            ledgers.at(size)
            for name, do in doing.items():
                took = milliseconds(do)
                if turn > 1:  # the first find nothing at hand
                    found[name, size].append(took)
    p95 = {key: statistics.quantiles(times, n=20)[-1] for key, times in found.items()}
    growth = {name: p95[name, SIZES[-1]] / p95[name, SIZES[0]] for name in doing}
    with capsys.disabled():
        print(f"\n  median/p95 in ms of {ASKED}, by how many studies there are")
        for name in doing:
            said = ", ".join(f"{n:,}: {statistics.median(found[name, n]):.1f}/{p95[name, n]:.1f}" for n in SIZES)
            print(f"  {name:26} {said}; p95 of 1,000,000 over 10,000: {growth[name]:.2f}")
            record_property(f"growth {name}", round(growth[name], 2))
    ledgers.at(SIZES[-1])
    for name, do in doing.items():
        whole = plans.read_whole(do)
        assert not BIG & set(whole), (name, whole)
    assert max(growth.values()) <= GROWTH

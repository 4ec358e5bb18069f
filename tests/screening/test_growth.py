"""What is done every few seconds reads no table from end to end: what is done already costs nothing."""

import pytest

from screening import missing, queue, reading, sweeping, worklist
from screening.models import Screening, Study
from tests import factories, ledger, plans

pytestmark = pytest.mark.django_db
BIG = {"study", "image", "screening", "prediction", "event"}
STUDIES = 4_000


@pytest.fixture
def lot(monkeypatch):
    """Few studies are looked at in a sweep, from the top on."""
    monkeypatch.setattr(missing, "LOT", 20)
    monkeypatch.setattr(missing, "LOTS", 2)
    monkeypatch.setattr(missing, "_last", [missing.START])


@pytest.fixture
def model():
    return factories.active_model()


@pytest.fixture
def site():
    return factories.site()


@pytest.fixture
def filled(site, model, lot):
    ledger.fill(site, STUDIES, model, vacuum=False)


def test_a_claim_a_read_and_a_sweep_read_no_big_table_whole(filled, site, model):
    reader = factories.radiologist(site)
    listed = worklist.waiting(Study.objects.filter(site=site))
    for do in (
        lambda: queue.claim_screenings("one", [model.pk]),
        lambda: queue.claim_screenings("one", [model.pk], by_arrival=True),
        lambda: reading.claim_next(listed, reader),
        sweeping.sweep,
        reading.expire_claims,
    ):
        whole = plans.read_whole(do)
        assert not BIG & set(whole), whole


def test_a_table_that_is_read_whole_is_noticed(filled):
    assert "image" in plans.read_whole(lambda: list(Screening.objects.exclude(image__study__status="read")))


def sweeps(times):
    return [sweeping.sweep().inserted for _ in range(times)]


def test_what_is_missing_is_found_a_few_lots_at_a_time_and_all_of_it_in_one_round(site, model, lot):
    for _ in range(50):
        factories.study(site)
    Screening.objects.all().delete()
    assert sweeps(2) == [40, 10]
    assert Screening.objects.count() == 50
    Screening.objects.all().delete()
    assert sum(sweeps(3)) == 50


def test_where_nothing_is_missing_one_lot_is_looked_at(site, model, lot):
    for _ in range(50):
        factories.study(site)
    Screening.objects.all().delete()
    last = Study.objects.order_by("site", "priority", "cap_at", "received_at", "id")[45]
    for study in Study.objects.exclude(pk=last.pk):
        queue.enqueue(study.images.all())
    assert sweeps(3) == [0, 0, 1]


def test_a_version_in_shadow_gets_what_is_missing_in_the_same_lot(site, model, lot):
    for _ in range(30):
        factories.study(site)
    shadow = factories.shadow_model()
    Screening.objects.filter(model_version=model).delete()
    assert sweeps(1) == [60]
    assert Screening.objects.filter(model_version=shadow).count() == 30


def test_what_is_read_or_shut_off_is_not_looked_at(site, model, lot):
    factories.read(factories.study(site), factories.radiologist(site))
    factories.study(site, gate="lateral")
    Screening.objects.all().delete()
    assert sweeps(1) == [0]


def test_what_has_its_screenings_gets_no_second(site, model, lot):
    factories.study(site, images=3)
    assert sweeps(1) == [0]
    assert Screening.objects.count() == 3

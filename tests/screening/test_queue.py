"""The lease and the fence, in SQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from screening import queue, rollout, sweeping
from screening.models import Prediction, Priority, Screening, Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    return factories.active_model()


@pytest.fixture
def site():
    return factories.site()


def claim(version, owner="one", **how):
    return queue.claim_screenings(owner, [version.pk], **how)


def result(row, p=0.9):
    return queue.Result(row, 2.2, p, factories.band_of(p), "v", 1.0)


def expire(*rows):
    Screening.objects.filter(pk__in=[row.pk for row in rows]).update(lease_until=Now() - timedelta(seconds=1))


def state(row):
    return Screening.objects.get(pk=row.pk).state


def test_a_claim_counts_the_attempt_and_raises_the_fence_before_the_work(version, site):
    factories.study(site)
    (row,) = claim(version)
    stored = Screening.objects.get(pk=row.pk)
    assert (stored.state, stored.attempts, stored.fence, stored.lease_owner) == ("leased", 1, 1, "one")


def test_a_leased_film_is_not_claimed_again(version, site):
    factories.study(site)
    claim(version)
    assert claim(version, "two") == []


def test_the_most_urgent_film_is_claimed_first(version, site, settings):
    settings.BATCH_SIZE = 1
    factories.study(site, ago=timedelta(hours=3))
    urgent = factories.study(site, priority=Priority.URGENT)
    stat = factories.study(site, priority=Priority.STAT)
    assert [claim(version)[0].image.study for _ in range(2)] == [stat, urgent]


def test_a_claim_by_arrival_takes_the_oldest_whatever_its_class(version, site, settings):
    settings.BATCH_SIZE = 1
    old = factories.study(site)
    factories.study(site, priority=Priority.STAT)
    Screening.objects.filter(image__study=old).update(created_at=Now() - timedelta(hours=1))
    assert claim(version, by_arrival=True)[0].image.study == old


def test_a_worker_claims_only_for_the_versions_it_has_loaded(version, site):
    factories.study(site)
    assert queue.claim_screenings("one", []) == []


def test_a_result_is_written_with_its_fence_and_moves_the_study(version, site):
    study = factories.study(site)
    (row,) = claim(version)
    assert queue.complete([result(row)], "one") == {row.pk}
    study.refresh_from_db()
    assert Prediction.objects.get().fence == row.fence
    assert (study.status, study.band, study.probability) == ("screened", "likely", 0.9)


def test_a_worker_that_lost_its_lease_writes_nothing(version, site):
    factories.study(site)
    (stale,) = claim(version)
    expire(stale)
    sweeping.sweep()
    (fresh,) = claim(version, "two")
    assert queue.complete([result(stale, 0.1)], "one") == set()
    assert not Prediction.objects.exists()
    assert queue.complete([result(fresh, 0.8)], "two") == {fresh.pk}
    assert Prediction.objects.get().probability == 0.8


def test_the_same_result_written_twice_leaves_one_prediction(version, site):
    factories.study(site)
    (row,) = claim(version)
    queue.complete([result(row)], "one")
    assert queue.complete([result(row, 0.2)], "one") == set()
    assert Prediction.objects.get().probability == 0.9


def test_an_expired_batch_comes_back_alone_and_its_films_are_not_blamed(version, site):
    for _ in range(3):
        factories.study(site)
    expire(*claim(version))
    sweeping.sweep()
    assert list(Screening.objects.values_list("state", "alone", "crashes")) == [("pending", True, 0)] * 3
    assert len(claim(version)) == 1


def test_a_film_that_runs_alone_never_joins_a_batch(version, site):
    for _ in range(4):
        factories.study(site)
    second = Screening.objects.order_by("priority", "due_at", "id")[1]  # as a claim does: all came at one instant
    Screening.objects.filter(pk=second.pk).update(alone=True)
    assert second.pk not in [row.pk for row in claim(version)]


def test_the_third_expiry_of_a_film_alone_quarantines_it_and_its_study_is_unscreened(version, site):
    study = factories.study(site)
    for _ in range(4):
        expire(*claim(version))
        sweeping.sweep()
    row = Screening.objects.get()
    study.refresh_from_db()
    assert (row.state, row.crashes, row.error_code) == ("quarantined", 3, "worker_died")
    assert (study.status, study.ai_state) == ("unscreened", "quarantined")


def test_only_who_holds_a_row_gets_its_cut_offs_and_what_it_waited_for_forgotten(version, site):
    factories.study(site)
    Screening.objects.update(error_code="storage_full", error_sentence="The storage is full.")
    (stale,) = claim(version)
    for _ in range(2):
        expire(*Screening.objects.all())
        sweeping.sweep()
        (fresh,) = claim(version, "two")
    for holder, left in ((stale, (True, 1, "The storage is full.")), (fresh, (False, 0, ""))):
        queue.came_on(holder)
        assert Screening.objects.values_list("alone", "crashes", "error_sentence").get() == left


def test_a_lease_given_back_counts_nothing(version, site):
    factories.study(site)
    for _ in range(9):
        queue.give_back(claim(version))
    row = Screening.objects.get()
    assert (row.state, row.attempts, row.crashes, row.alone) == ("pending", 0, 0, False)


def test_a_renewed_lease_does_not_expire(version, site):
    factories.study(site)
    rows = claim(version)
    expire(*rows)
    queue.renew(rows)
    assert sweeping.sweep().expired == 0


def test_a_permanent_error_fails_at_once_and_the_study_stays_on_the_worklist(version, site):
    study = factories.study(site)
    (row,) = claim(version)
    queue.fail(row, queue.Permanent("rendition_unreadable", "It cannot be read."))
    study.refresh_from_db()
    assert state(row) == "failed"
    assert (study.status, study.ai_state) == ("unscreened", "failed")
    assert study.status in Study.ON_WORKLIST


def test_a_transient_error_is_tried_again_later_and_fails_in_the_end(version, site):
    factories.study(site)
    error = queue.Transient("model_failed", "The model failed.")
    for attempt in range(queue.MAX_TRANSIENT_ATTEMPTS):
        Screening.objects.update(next_attempt_at=Now())
        (row,) = claim(version)
        queue.fail(row, error)
        assert claim(version) == []
        assert state(row) == ("pending" if attempt + 1 < queue.MAX_TRANSIENT_ATTEMPTS else "failed")


def test_a_retried_failure_starts_with_a_clean_slate(version, site):
    study = factories.failed(factories.study(site))
    assert len(queue.retry(Screening.objects.filter(image__study=study))) == 1
    study.refresh_from_db()
    assert (study.status, study.ai_state) == ("received", "pending")
    assert len(claim(version)) == 1


def test_the_sweep_inserts_what_is_missing_for_the_active_version(version, site):
    study = factories.study(site)
    Screening.objects.all().delete()
    assert sweeping.sweep().inserted == 1
    assert Screening.objects.get().image.study == study


def test_the_sweep_rings_once_for_a_film_that_nobody_rang_for(version, site):
    factories.study(site)
    assert len(sweeping.sweep().screenings) == 1
    assert sweeping.sweep().screenings == []


@pytest.mark.django_db(transaction=True)
def test_a_sweep_waits_for_no_row_that_somebody_holds(version, site):
    held, free = (factories.study(site).images.get().screenings.get().pk for _ in range(2))
    with ThreadPoolExecutor(1) as other, transaction.atomic():
        list(Screening.objects.select_for_update().filter(pk=held))
        assert other.submit(impatient_sweep).result().screenings == [free]


def impatient_sweep():
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
    try:
        return sweeping.sweep()
    finally:
        connection.close()


def test_a_promotion_supersedes_what_was_pending_and_the_old_prediction_orders_meanwhile(version, site):
    scored, waiting = factories.screened(factories.study(site), 0.9), factories.study(site)
    new = factories.active_model("2")
    sweeping.sweep()
    old = Screening.objects.get(image__study=waiting, model_version=version)
    assert old.state == "superseded"
    assert Screening.objects.filter(model_version=new, state="pending").count() == 2
    scored.refresh_from_db()
    assert (scored.status, scored.model_version) == ("screened", version)
    factories.screened(scored, 0.1)
    assert (scored.band, scored.model_version) == ("less_likely", new)


def test_a_rollback_takes_up_what_the_promotion_superseded_and_orders_by_the_old_scores(version, site):
    scored, waiting = factories.screened(factories.study(site), 0.9), factories.study(site)
    new = factories.active_model("2")
    sweeping.sweep()
    (row,) = queue.claim(Screening.objects.filter(image__study=scored), "one", 1)
    queue.complete([result(row, 0.1)], "one")
    rollout.activate(version)
    scored.refresh_from_db()
    assert (scored.band, scored.model_version) == ("likely", version)
    assert [row.image.study for row in claim(version)] == [waiting]
    assert not Screening.objects.filter(model_version=new, state="pending").exists()


def test_what_is_pending_for_a_version_that_no_worker_loads_is_superseded_by_the_sweep(version, site):
    study = factories.study(site)
    factories.active_model("2")
    Screening.objects.filter(image__study=study, model_version=version).update(state="pending")
    sweeping.sweep()
    assert Screening.objects.get(image__study=study, model_version=version).state == "superseded"


def test_retrying_twice_leaves_what_runs_already_alone(version, site):
    study = factories.failed(factories.study(site))
    queue.retry(Screening.objects.filter(image__study=study))
    (row,) = claim(version)
    assert queue.retry(Screening.objects.filter(image__study=study)) == []
    assert state(row) == "leased"

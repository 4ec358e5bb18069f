"""The model worker's loop with the stub model, in this process."""

from datetime import timedelta

import numpy as np
import pytest
from django.db.models.functions import Now

from ml.runtime import Answers
from screening import queue, rollout, sweeping
from screening.models import Event, Heartbeat, Job, Prediction, Priority, Screening
from tests import factories
from workers import batch, engine, loading, tasks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_engine():
    loading.forget()
    yield
    loading.forget()
    engine._stopping.clear()


@pytest.fixture
def site():
    factories.active_model()
    return factories.site()


def test_every_pending_film_is_screened_and_its_prediction_says_by_what(site):
    studies = [factories.study(site) for _ in range(3)]
    engine.work()
    for prediction in Prediction.objects.all():
        assert prediction.worker == engine.owner()
        assert prediction.milliseconds > 0
        assert 0 < prediction.probability < 1
    assert {study.images.get().predictions.count() for study in studies} == {1}


def test_a_film_whose_rendition_is_broken_fails_alone(site):
    broken, good = factories.study(site), factories.study(site)
    with broken.images.get().model_input.open("wb") as file:
        file.write(b"not a picture")
    engine.work()
    broken.refresh_from_db()
    good.refresh_from_db()
    assert (broken.status, good.status) == ("unscreened", "screened")
    assert Screening.objects.get(image__study=broken).error_code == "rendition_unreadable"


def test_a_film_whose_rendition_is_missing_is_tried_again(site):
    image = factories.study(site).images.get()
    image.model_input.storage.delete(image.model_input.name)
    engine.work()
    row = Screening.objects.get()
    assert (row.state, row.error_code, row.attempts) == ("pending", "rendition_missing", 1)


def test_weights_that_cannot_be_loaded_leave_every_film_pending_and_say_why(site, settings):
    settings.RUNTIME = "tests.broken_runtime"
    factories.study(site)
    engine.work()
    row = Screening.objects.get()
    assert (row.state, row.attempts) == ("pending", 0)
    assert "differ from their card" in Heartbeat.objects.get(kind="model").problem


def test_a_model_that_fails_on_a_batch_puts_it_off_and_blames_no_film(site, monkeypatch):
    factories.study(site)
    engine.load()
    _card, model = next(iter(loading.load()[0].values()))
    monkeypatch.setattr(model, "predict", lambda batch: 1 / 0)
    engine.work()
    row = Screening.objects.get()
    assert (row.state, row.error_code) == ("pending", "model_failed")


def test_an_explanation_is_drawn_once_asked_for(site):
    image = factories.study(site).images.get()
    version = factories.active_model()
    job = Job.objects.create(kind="explain", image=image, model_version=version)
    engine.explain()
    job.refresh_from_db()
    assert job.state == "done"
    with job.file.open() as picture:
        assert picture.read(4) == b"\x89PNG"


def test_a_study_ends_its_screening_with_one_event(site):
    study = factories.study(site)
    engine.work()
    engine.work()
    assert Event.objects.filter(study=study, kind="screened").count() == 1


def test_a_ring_with_nothing_to_do_does_nothing(site):
    engine.work()
    assert not Prediction.objects.exists()
    assert sweeping.sweep().screenings == []


def test_a_storage_that_is_away_fails_no_film_for_good(site, monkeypatch):
    factories.study(site)

    def away(*_, **__):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("django.core.files.storage.FileSystemStorage._open", away)
        assert long_tried() == ("pending", "storage_away")
    assert long_tried() == ("done", "")


def long_tried():
    """How the only film stands after more tries than one may fail."""
    for _ in range(queue.MAX_TRANSIENT_ATTEMPTS + 1):
        Screening.objects.filter(state="pending").update(next_attempt_at=Now())
        engine.work()
    return Screening.objects.values_list("state", "error_code").get()


def test_a_disk_that_is_not_mounted_fails_no_film_for_good(site, settings, tmp_path):
    factories.study(site)
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = settings.STORAGES | {"default": backend}
    assert long_tried() == ("pending", "storage_away")


def test_a_film_whose_rendition_stays_missing_fails_in_the_end(site):
    image = factories.study(site).images.get()
    image.model_input.storage.delete(image.model_input.name)
    assert long_tried() == ("failed", "rendition_missing")


def test_a_batch_that_cannot_be_begun_is_given_back(site, monkeypatch):
    factories.study(site)
    monkeypatch.setattr(batch, "begin", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        engine.work()
    assert states() == [("pending", 0, 0)]


def test_a_film_for_which_the_model_gives_no_number_fails_alone(site, monkeypatch):
    odd, good = factories.study(site, ago=timedelta(minutes=1)), factories.study(site)
    engine.load()
    _card, model = next(iter(loading.load()[0].values()))
    logits = np.array([np.nan, 1.0], dtype=np.float32)
    monkeypatch.setattr(model, "predict", lambda batch: Answers(logits, np.ones(2, dtype=np.float32)))
    engine.work()
    odd.refresh_from_db()
    good.refresh_from_db()
    assert (odd.status, good.status) == ("unscreened", "screened")


def test_a_sweep_rings_no_more_where_nobody_takes_the_rings(site, monkeypatch):
    factories.study(site)
    rung = []
    monkeypatch.setattr("workers.dispatch.ring", rung.append)
    monkeypatch.setattr("workers.dispatch.backlog", lambda queue: 10_000)
    tasks.sweep()
    assert rung == []


def predicting(monkeypatch, act):
    """Let `act` happen whenever the thread that works has nothing left to do but wait for the model."""
    real = engine._await

    def wait(running):
        if running:
            act()
        real(running)

    monkeypatch.setattr(engine, "_await", wait)


def states():
    return list(Screening.objects.order_by("due_at").values_list("state", "attempts", "crashes"))


def test_the_next_batch_is_read_while_one_is_predicted_and_given_back_at_a_stop(site, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    for minutes in (3, 2, 1):
        factories.study(site, ago=timedelta(minutes=minutes))
    during = []

    def stop():
        during.extend(states())
        engine._stopping.set()

    predicting(monkeypatch, stop)
    engine.work()
    assert [state for state, *_ in during] == ["leased", "leased", "pending"]
    assert states() == [("done", 1, 0), ("pending", 0, 0), ("pending", 0, 0)]


def test_nothing_else_is_held_while_a_film_runs_alone(site, monkeypatch):
    for minutes in (2, 1):
        factories.study(site, ago=timedelta(minutes=minutes))
    Screening.objects.update(alone=True)
    held = []
    predicting(monkeypatch, lambda: held.append(Screening.objects.filter(state="leased").count()))
    engine.work()
    assert held == [1, 1]
    assert states() == [("done", 1, 0), ("done", 1, 0)]


def test_a_film_that_runs_alone_is_not_held_beside_a_batch(site, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    for minutes in (2, 1):
        factories.study(site, ago=timedelta(minutes=minutes))
    last = Screening.objects.order_by("due_at").last()
    Screening.objects.filter(pk=last.pk).update(alone=True)
    held = []
    predicting(monkeypatch, lambda: held.append(Screening.objects.filter(state="leased").count()))
    engine.work()
    assert held == [1, 1]


def test_an_error_of_the_ledger_gives_the_batch_that_was_read_ahead_back(site, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    for minutes in (2, 1):
        factories.study(site, ago=timedelta(minutes=minutes))
    monkeypatch.setattr(engine.queue, "complete", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        engine.work()
    assert states() == [("leased", 1, 0), ("pending", 0, 0)]


def says(monkeypatch, version, distance=1.0, classes=None):
    """Let the loaded model of `version` say this of every film, at logit 0.5."""
    _card, model = loading.load()[0][version.pk]

    def predict(batch):
        n = len(batch)
        told = None if classes is None else np.tile(np.array(classes, dtype=np.float32), (n, 1))
        return Answers(np.full(n, 0.5, dtype=np.float32), np.full(n, distance, dtype=np.float32), told)

    monkeypatch.setattr(model, "predict", predict)


@pytest.mark.parametrize(("distance", "outside"), [(1.0, False), (2.0, False), (2.1, True)])
def test_a_prediction_says_how_far_the_film_is_from_those_known(site, monkeypatch, distance, outside):
    factories.study(site)
    says(monkeypatch, factories.active_model(), distance)
    engine.work()
    found = Prediction.objects.get()
    assert (found.distance, found.outside_domain) == (pytest.approx(distance), outside)


def test_a_model_without_a_domain_puts_no_film_outside(site, monkeypatch):
    version = factories.active_model("blind", domain=None)
    factories.study(site)
    says(monkeypatch, version, distance=float("nan"))
    engine.work()
    found = Prediction.objects.get()
    assert (found.distance, found.outside_domain, found.subtypes) == (None, False, None)


def test_three_classes_share_the_calibrated_p(site, monkeypatch):
    version = factories.active_model("three", classes=["normal", "bacterial", "viral"])
    factories.study(site)
    says(monkeypatch, version, classes=[0.6, 0.3, 0.1])
    engine.work()
    found = Prediction.objects.get()
    assert sum(found.subtypes.values()) == pytest.approx(found.probability)
    assert found.subtypes["bacterial"] == pytest.approx(3 * found.subtypes["viral"])


def test_the_active_version_goes_before_the_one_in_shadow(site, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    active, shadow = factories.active_model(), factories.shadow_model()
    for _ in range(2):
        factories.study(site)
    order = []
    for version in (active, shadow):
        _card, model = loading.load()[0][version.pk]
        real = model.predict
        monkeypatch.setattr(model, "predict", lambda batch, pk=version.pk, real=real: order.append(pk) or real(batch))
    sweeping.sweep()
    engine.work()
    assert order == [active.pk] * 2 + [shadow.pk] * 2
    assert Prediction.objects.count() == 4


def test_a_version_that_cannot_be_loaded_keeps_no_other_from_work(site, monkeypatch):
    active = factories.active_model()
    broken = factories.shadow_model(canary={"seed": 1, "logit": 99.0, "tolerance": 0.1})
    factories.study(site)
    sweeping.sweep()
    engine.work()
    states = dict(Screening.objects.values_list("model_version", "state"))
    assert states == {active.pk: "done", broken.pk: "pending"}
    beat = Heartbeat.objects.get(kind="model")
    assert "canary" in beat.problem
    assert beat.loaded == [active.card_sha256]


def test_what_could_not_be_loaded_is_not_tried_at_every_ring(site, settings, monkeypatch):
    tried = []
    monkeypatch.setattr(loading, "_load", lambda version: tried.append(version) or 1 / 0)
    for _ in range(3):
        assert "division" in loading.load()[1]
    assert len(tried) == 1
    monkeypatch.setattr(loading, "RETRY_S", 0)
    loading.load()
    assert len(tried) == 2


def test_a_version_that_is_neither_active_nor_in_shadow_is_let_go(site):
    shadow = factories.shadow_model()
    assert set(loading.load()[0]) == {factories.active_model().pk, shadow.pk}
    rollout.set_shadow(shadow, False)
    assert set(loading.load()[0]) == {factories.active_model().pk}


def test_a_second_model_in_the_middle_of_a_queue_predicts_what_is_left_and_each_names_its_weights(
    site, settings, monkeypatch
):
    settings.BATCH_SIZE = 1
    first = factories.active_model("1")
    studies = [factories.study(site, ago=timedelta(minutes=minutes)) for minutes in (3, 2, 1)]
    with monkeypatch.context() as meanwhile:
        predicting(meanwhile, engine._stopping.set)
        engine.work()
    engine._stopping.clear()
    second = factories.active_model("2")
    sweeping.sweep()
    engine.work()
    by = {version.pk: Prediction.objects.filter(model_version=version) for version in (first, second)}
    assert by[first.pk].count() == 1
    assert by[second.pk].count() == len(studies)
    pairs = Prediction.objects.values_list("image", "model_version")
    assert len(set(pairs)) == len(pairs)
    assert Heartbeat.objects.get(kind="model").loaded == [second.card_sha256]
    assert {p.model_version.sha256 for p in by[second.pk]} == {second.card["weights_sha256"]}


def test_what_is_written_is_written_while_the_next_batch_is_predicted(site, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    for minutes in (3, 2, 1):
        factories.study(site, ago=timedelta(minutes=minutes))
    seen = []
    predicting(monkeypatch, lambda: seen.append([state for state, *_ in states()]))
    engine.work()
    assert seen == [["leased", "leased", "pending"], ["done", "leased", "leased"], ["done", "done", "leased"]]


def test_an_error_of_the_ledger_gives_back_what_the_model_is_at_and_what_was_read_ahead(site, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    for minutes in (3, 2, 1):
        factories.study(site, ago=timedelta(minutes=minutes))
    real, calls = queue.complete, []

    def complete(*how):
        calls.append(how)
        return real(*how) if len(calls) == 1 else 1 / 0

    monkeypatch.setattr(engine.queue, "complete", complete)
    with pytest.raises(ZeroDivisionError):
        engine.work()
    assert states() == [("done", 1, 0), ("leased", 1, 0), ("pending", 0, 0)]


def test_a_lease_is_renewed_only_where_it_has_grown_old(site, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    for minutes in (2, 1):
        factories.study(site, ago=timedelta(minutes=minutes))
    renewed = []
    monkeypatch.setattr(queue, "renew", renewed.extend)
    engine.work()
    assert renewed == []
    factories.study(site)
    monkeypatch.setattr(batch, "RENEW_AFTER", 0)
    engine.work()
    assert len(renewed) == 1


# How much a batch costs the ledger ------------------------------------------------------------------------------


def statements_of_a_batch(films, django_assert_max_num_queries, most):
    with django_assert_max_num_queries(most) as asked:
        engine.work()
    assert Prediction.objects.count() == films
    return len(asked)


def test_a_batch_costs_as_few_statements_as_one_film_and_a_film_in_a_full_one_less_than_one(
    site, settings, monkeypatch, django_assert_max_num_queries
):
    engine.load()
    monkeypatch.setattr(engine, "show", lambda *_: None)  # its sign of life comes by the clock
    factories.study(site)
    one = statements_of_a_batch(1, django_assert_max_num_queries, 40)
    Prediction.objects.all().delete()
    for _ in range(settings.BATCH_SIZE):
        factories.study(site)
    full = statements_of_a_batch(settings.BATCH_SIZE, django_assert_max_num_queries, 40)
    assert full <= one + 2
    assert full / settings.BATCH_SIZE <= 6


# What is urgent -------------------------------------------------------------------------------------------------


def batches_of(monkeypatch):
    """A list that fills with the batches, as ids of their studies, in the order in which the model gets them."""
    seen, real = [], batch.begin

    def begin(mine, model, thread):
        seen.append([row.image.study_id for row in mine.rows])
        real(mine, model, thread)

    monkeypatch.setattr(batch, "begin", begin)
    return seen


@pytest.mark.parametrize("at", range(1, 10))
def test_a_stat_film_is_in_the_next_batch_whatever_was_claimed_ahead(site, settings, monkeypatch, at):
    settings.BATCH_SIZE = 2
    for minutes in range(24):
        factories.study(site, ago=timedelta(minutes=minutes))
    batches, stat = batches_of(monkeypatch), []

    def arrive():
        if len(batches) == at:
            stat.append(factories.study(site, priority=Priority.STAT).pk)

    predicting(monkeypatch, arrive)
    engine.work()
    assert batches[at] == stat
    assert sorted(map(len, batches)) == [1, *[2] * 12]


def test_a_routine_film_overtakes_nobody(site, settings, monkeypatch):
    settings.BATCH_SIZE = 2
    for minutes in range(1, 9):
        factories.study(site, ago=timedelta(minutes=minutes))
    batches, late = batches_of(monkeypatch), []
    predicting(monkeypatch, lambda: late or late.append(factories.study(site).pk))
    engine.work()
    assert batches[-1] == late


def test_a_batch_is_overtaken_once_and_then_has_its_turn(site, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    held = [factories.study(site, ago=timedelta(minutes=minutes)).pk for minutes in (2, 1)][1]
    batches = batches_of(monkeypatch)
    predicting(monkeypatch, lambda: len(batches) < 6 and factories.study(site, priority=Priority.STAT))
    engine.work()
    assert batches.index([held]) == 2


def test_a_stat_film_that_has_to_run_alone_is_held_beside_no_batch(site, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    for minutes in (2, 1):
        factories.study(site, ago=timedelta(minutes=minutes))
    held = []

    def arrive():
        if not held:
            factories.study(site, priority=Priority.STAT)
            Screening.objects.filter(priority=Priority.STAT).update(alone=True)
        held.append((Screening.objects.filter(state="leased", alone=True).exists(), states()))

    predicting(monkeypatch, arrive)
    engine.work()
    assert [[state for state, *_ in rows].count("leased") for alone, rows in held if alone] == [1]
    assert {state for state, *_ in states()} == {"done"}


def test_one_claim_in_eight_goes_by_arrival(site, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    for _ in range(24):
        factories.study(site, priority=Priority.URGENT)
    how, real = [], queue.claim_screenings

    def claim(*where, by_arrival=False, **others):
        how.append(by_arrival)
        return real(*where, by_arrival=by_arrival, **others)

    monkeypatch.setattr(queue, "claim_screenings", claim)
    monkeypatch.setattr(engine, "_overtaking", lambda held, *_: held)
    engine.work()
    assert sum(how[:24]) == 3

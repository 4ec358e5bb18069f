"""The model worker's loop with the stub model, in this process."""

from datetime import timedelta

import pytest

from screening import queue
from screening.models import Event, Heartbeat, Job, Prediction, Screening
from tests import factories
from workers import engine, tasks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_engine():
    engine._loaded.clear()
    yield
    engine._loaded.clear()
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
    _card, model = next(iter(engine._loaded.values()))
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
    assert queue.sweep().screenings == []


def test_a_storage_that_is_away_fails_no_film_for_good(site, monkeypatch):
    factories.study(site)

    def away(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage._open", away)
    engine.work()
    row = Screening.objects.get()
    assert (row.state, row.error_code) == ("pending", "rendition_missing")


def test_a_film_for_which_the_model_gives_no_number_fails_alone(site, monkeypatch):
    odd, good = factories.study(site, ago=timedelta(minutes=1)), factories.study(site)
    engine.load()
    _card, model = next(iter(engine._loaded.values()))
    monkeypatch.setattr(model, "predict", lambda batch: [float("nan"), 1.0])
    engine.work()
    odd.refresh_from_db()
    good.refresh_from_db()
    assert (odd.status, good.status) == ("unscreened", "screened")


def test_a_sweep_rings_no_more_where_nobody_takes_the_rings(site, monkeypatch):
    factories.study(site)
    rung = []
    monkeypatch.setattr("workers.dispatch.ring", rung.append)
    monkeypatch.setattr("workers.dispatch.backlog", lambda: 10_000)
    tasks.sweep()
    assert rung == []


def predicting(monkeypatch, act):
    """Let `act` happen while the model predicts its first batch."""
    engine.load()
    _card, model = next(iter(engine._loaded.values()))
    real = model.predict

    def predict(batch):
        act()
        return real(batch)

    monkeypatch.setattr(model, "predict", predict)


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

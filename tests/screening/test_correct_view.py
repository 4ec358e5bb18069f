"""Saying which view a picture is."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from screening import batches, handling, lifecycle, queue, reading
from screening.models import Event, Image, Receipt, Screening
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    factories.active_model()
    return factories.site()


@pytest.fixture
def technologist(site):
    return factories.technologist(site)


def states(image):
    return list(Screening.objects.filter(image=image).values_list("state", flat=True))


def test_a_picture_that_is_lateral_after_all_is_not_screened_and_counts_no_more(site, technologist):
    study = factories.study(site, images=2)
    first, second = study.images.all()
    factories.screened(study, 0.9)
    Screening.objects.filter(image=second).update(state="pending")
    assert handling.correct_view(second, "LATERAL", technologist) == []
    study.refresh_from_db()
    second.refresh_from_db()
    assert (second.gate, second.view, states(second)) == ("lateral", "LATERAL", ["cancelled"])
    assert handling.correct_view(first, "LATERAL", technologist) == []
    study.refresh_from_db()
    assert (study.status, study.band, study.ai_state) == ("unscreened", "", "lateral")


def test_a_picture_that_is_frontal_after_all_is_screened(site, technologist):
    study = factories.study(site, gate="lateral", view="LATERAL")
    image = study.images.get()
    ids = handling.correct_view(image, "AP", technologist)
    study.refresh_from_db()
    assert ids == [Screening.objects.get(image=image, state="pending").pk]
    assert (Image.objects.get().gate, study.status, study.ai_state) == ("", "received", "pending")


def test_trying_the_batch_again_does_not_screen_what_became_lateral(site, technologist):
    study, batch = factories.study(site), factories.batch(site)
    image = study.images.get()
    Receipt.objects.create(batch=batch, name="a", outcome="accepted", image=image, study=study)
    handling.correct_view(image, "LATERAL", technologist)
    assert batches.retry(batch, None) == ([], [])
    assert states(image) == ["cancelled"]


def test_there_and_back_puts_the_same_screening_into_the_queue(site, technologist):
    image = factories.study(site).images.get()
    handling.correct_view(image, "LATERAL", technologist)
    assert len(handling.correct_view(image, "PA", technologist)) == 1
    assert states(image) == ["pending"]


def test_a_score_that_was_there_counts_again_with_the_view(site, technologist):
    study = factories.screened(factories.study(site), 0.9)
    image = study.images.get()
    handling.correct_view(image, "LATERAL", technologist)
    assert handling.correct_view(image, "", technologist) == []
    study.refresh_from_db()
    assert (study.band, study.status) == ("likely", "screened")


def test_it_is_a_line_of_the_history_and_the_same_view_again_is_none(site, technologist):
    study = factories.study(site)
    image = study.images.get()
    for _ in range(2):
        handling.correct_view(image, "AP", technologist)
    (event,) = Event.objects.filter(study=study, kind="view_corrected")
    assert event.actor == technologist
    assert event.detail == {"image": str(image.pk), "was": "PA", "to": "AP"}


def test_a_reader_must_see_the_change_before_signing(site, technologist):
    study, reader = factories.screened(factories.study(site), 0.9), factories.radiologist(site)
    factories.claimed(study, reader)
    seen = study.version
    handling.correct_view(study.images.get(), "LATERAL", technologist)
    with pytest.raises(reading.NewImage):
        reading.sign(study, reader, version=seen, finding="absent")


@pytest.mark.parametrize("gate", ["no_content", "multiframe", "undecodable"])
def test_what_else_keeps_the_ai_from_a_picture_stays(site, technologist, gate):
    image = factories.study(site, gate=gate).images.get()
    assert handling.correct_view(image, "LATERAL", technologist) == []
    assert handling.correct_view(image, "PA", technologist) == []
    assert Image.objects.get().gate == gate
    assert states(image) == []


def test_a_study_that_is_read_or_withdrawn_stays_as_it_is(site, technologist):
    read, withdrawn = factories.study(site), factories.study(site)
    factories.read(read, factories.radiologist(site))
    factories.withdrawn(withdrawn, technologist)
    for study in (read, withdrawn):
        with pytest.raises(lifecycle.Overtaken):
            handling.correct_view(study.images.get(), "LATERAL", technologist)


@pytest.mark.django_db(transaction=True)
def test_two_who_correct_at_once_leave_one_of_their_views_whole(site, technologist):
    study = factories.study(site)
    image, line = study.images.get(), threading.Barrier(4)

    def correct(view):
        try:
            line.wait(10)
            handling.correct_view(Image.objects.select_related("study__site").get(pk=image.pk), view, technologist)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(correct, ["LATERAL", "PA", "LATERAL", "AP"]))
    image.refresh_from_db()
    lateral = image.view == "LATERAL"
    assert image.gate == ("lateral" if lateral else "")
    assert states(image) == ["cancelled" if lateral else "pending"]


def test_a_film_that_runs_while_it_becomes_lateral_ends_and_does_not_count(site, technologist):
    study = factories.study(site)
    (row,) = queue.claim(Screening.objects.select_related("image"), "one", 1)
    handling.correct_view(study.images.get(), "LATERAL", technologist)
    queue.complete([queue.Result(row, 2.0, 0.9, "likely", "v", 1.0)], "one")
    study.refresh_from_db()
    assert (study.band, study.ai_state) == ("", "lateral")

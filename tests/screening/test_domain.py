"""A film unlike those that the model learned from: uncertain in both directions, whatever the model says."""

import pytest

from screening import answers, order, queue, sweeping, wording, worklist
from screening.models import Screening, Study
from tests import factories
from webportal.ai_card import AiCard

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    factories.active_model()
    return factories.site()


def score(image, p, **said):
    rows = queue.claim(Screening.objects.filter(image=image), "test", 1)
    queue.complete([queue.Result(row, 0.0, p, factories.band_of(p), "v", 1.0, **said) for row in rows], "test")


def fresh(study):
    study.refresh_from_db()
    return study


@pytest.mark.parametrize("p", [0.02, 0.98])
def test_its_band_is_uncertain_and_its_order_that_of_one_half(site, p):
    study = factories.screened(factories.study(site), p, distance=9.0, outside_domain=True)
    assert (study.ai_state, study.band, study.probability) == ("outside_domain", "uncertain", None)
    assert (study.status, study.due_at) == ("screened", order.due(study, 0.5)[0])


def test_the_row_says_why(site):
    factories.screened(factories.study(site), 0.98, outside_domain=True)
    listed = worklist.waiting(Study.objects.all()).get()
    reason = worklist.reason(listed, worklist.database_now())
    assert reason == "the film looks unlike the films the model learned from, in the middle of its class"


def test_what_the_model_said_of_it_is_kept_and_not_answered(site):
    study = factories.screened(factories.study(site), 0.98, distance=9.0, outside_domain=True)
    image = study.images.get()
    kept = image.predictions.get()
    assert (kept.probability, kept.distance, kept.outside_domain) == (pytest.approx(0.98), 9.0, True)
    said = answers.answers([image.pk])[image.pk]
    assert (said.probability, said.score, said.band) == (None, None, "uncertain")


def test_a_phantom_passes_by_its_flag(site):
    study = factories.screened(factories.study(site, synthetic=True), 0.98, outside_domain=True)
    assert (study.ai_state, study.band) == ("screened", "likely")


@pytest.mark.parametrize(("p", "band"), [(0.05, "uncertain"), (0.9, "likely")])
def test_beside_a_film_that_counts_it_is_like_an_unscreened_one(site, p, band):
    study = factories.study(site, images=2)
    first, second = study.images.all()
    score(first, p)
    score(second, 0.99, outside_domain=True)
    assert (fresh(study).ai_state, study.band, study.probability) == ("partly_outside_domain", band, p)
    assert study.due_at == order.due(study, max(p, 0.5))[0]
    assert "unlike" in wording.ai_state(study.ai_state)


def test_while_another_film_is_pending_the_study_waits_for_it(site):
    study = factories.study(site, images=2)
    score(study.images.first(), 0.99, outside_domain=True)
    assert (fresh(study).ai_state, study.status) == ("partly_screened", "received")
    assert (study.probability, study.band) == (None, "uncertain")
    score(study.images.last(), 0.9)
    assert (fresh(study).ai_state, study.band, study.status) == ("partly_outside_domain", "likely", "screened")


def test_a_film_that_failed_is_not_hidden_behind_one_unlike_the_models(site):
    study = factories.study(site, images=2)
    score(study.images.first(), 0.1, outside_domain=True)
    factories.failed(study)
    assert (study.ai_state, study.probability, study.band) == ("partly_failed", None, "uncertain")
    assert study.due_at == order.due(study, None)[0] and AiCard(study).failed


def test_the_age_counts_for_each_score_by_the_model_that_gave_it(site):
    any_age = factories.active_model("any age", age_range=None)
    study = factories.study(site, images=2, age_years=50.0)
    factories.screened(study, 0.12, by=any_age)
    children = factories.active_model("children")
    sweeping.sweep()
    first, second = study.images.order_by("pk")
    for image, p in ((first, 0.05), (second, 0.9)):
        row = queue.claim(Screening.objects.filter(image=image, model_version=children), "w", 1)[0]
        queue.complete([queue.Result(row, 0.0, p, factories.band_of(p), "v", 1.0)], "w")
        expected = ("partly_outside_age", 0.12) if image == first else ("outside_age", None)
        assert (fresh(study).ai_state, study.probability, study.band) == (*expected, "uncertain")


def test_the_two_kinds_of_pneumonia_never_order(site):
    said = {"bacterial": 0.61, "viral": 0.22}
    with_kinds = factories.screened(factories.study(site), 0.83, subtypes=said)
    assert with_kinds.due_at == order.due(with_kinds, with_kinds.probability)[0]
    assert wording.subtypes(said) == "Research only, not validated: bacterial 61, viral 22 of 100"
    assert wording.subtypes(None) == ""

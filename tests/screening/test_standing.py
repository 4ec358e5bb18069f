"""What the screenings of a study add up to."""

import pytest

from screening import order, queue
from screening.models import Image, Screening, Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    factories.active_model()
    return factories.site()


def score(image, p):
    """Predict one image alone, leaving the others pending."""
    rows = queue.claim(Screening.objects.filter(image=image), "test", 1)
    queue.complete([queue.Result(row, 0.0, p, factories.band_of(p), "v", 1.0) for row in rows], "test")


def test_the_highest_frontal_image_gives_the_score(site):
    study = factories.study(site, images=2)
    for image, p in zip(study.images.all(), (0.2, 0.8), strict=True):
        score(image, p)
    study.refresh_from_db()
    assert (study.probability, study.band, study.status) == (0.8, "likely", "screened")


def test_an_unscreened_frontal_image_keeps_the_band_at_uncertain_or_above(site):
    study = factories.study(site, images=2)
    score(study.images.first(), 0.05)
    study.refresh_from_db()
    assert (study.band, study.probability, study.status) == ("uncertain", 0.05, "received")
    assert study.due_at == order.due(study, 0.5)[0]


def test_a_lateral_image_does_not_count(site):
    study = factories.study(site)
    factories.image(study, gate="lateral", view="LATERAL")
    score(study.images.get(gate=""), 0.05)
    study.refresh_from_db()
    assert (study.band, study.probability) == ("less_likely", 0.05)


def test_a_study_with_lateral_images_alone_is_unscreened_and_says_why(site):
    study = factories.study(site, gate="lateral", view="LATERAL")
    assert (study.status, study.ai_state, study.band) == ("unscreened", "lateral", "")


@pytest.mark.parametrize(("age", "inside"), [(0.5, False), (1, True), (5.9, True), (6, False), (61, False)])
def test_outside_the_models_ages_the_band_is_uncertain_in_both_directions(site, age, inside):
    for p, band in ((0.95, "likely"), (0.05, "less_likely")):
        study = factories.screened(factories.study(site, age_years=age), p)
        assert study.band == (band if inside else "uncertain")
        assert study.ai_state == ("screened" if inside else "outside_age")
        assert study.probability == (pytest.approx(p) if inside else None)


def test_a_phantom_passes_the_gate_of_ages_by_its_flag(site):
    assert factories.screened(factories.study(site, age_years=40, synthetic=True), 0.9).band == "likely"


def test_a_prediction_during_reading_changes_the_score_and_not_the_status(site):
    study, reader = factories.study(site), factories.radiologist(site)
    factories.claimed(study, reader)
    score(Image.objects.get(study=study), 0.9)
    study.refresh_from_db()
    assert (study.status, study.band) == ("reading", "likely")


def test_a_prediction_after_signing_reopens_nothing(site):
    study, reader = factories.study(site), factories.radiologist(site)
    factories.read(study, reader)
    score(Image.objects.get(study=study), 0.9)
    assert Study.objects.get(pk=study.pk).status == "read"


def test_an_image_that_joins_a_signed_study_puts_it_back_on_the_worklist(site):
    study = factories.screened(factories.study(site), 0.2)
    factories.read(study, factories.radiologist(site))
    factories.join(study, seed=1)
    study.refresh_from_db()
    assert (study.status, study.version) == ("received", 2)


def test_without_any_model_a_study_waits_on_the_worklist():
    study = factories.study(factories.site())
    assert (study.status, study.ai_state) == ("received", "no_model")

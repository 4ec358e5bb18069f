"""An image that joins a study which is there already, wherever that stands."""

import pytest

from screening import intake
from screening.models import Event, Priority, Screening
from tests import factories
from tests.intake import films

pytestmark = pytest.mark.django_db


def outcome(receipt):
    return receipt.outcome, receipt.reason


def late(batch, **fields):
    return intake.receive(batch, "late.dcm", films.dicom(2, study_uid="1.2.9"), **fields)


@pytest.fixture
def study(batch):
    return intake.receive(batch, "first.dcm", films.dicom(1, study_uid="1.2.9")).study


def test_a_late_image_puts_a_signed_study_back_on_the_worklist(batch, study):
    factories.read(factories.screened(study, 0.1), factories.radiologist(batch.site))
    assert study.status == "read"
    late(batch)
    study.refresh_from_db()
    assert study.status == "received"
    assert Event.objects.filter(study=study).last().kind == "image_joined"


def test_a_late_image_must_be_seen_by_whoever_is_reading(batch, study):
    factories.claimed(factories.screened(study, 0.1), factories.radiologist(batch.site))
    was = study.version
    late(batch)
    study.refresh_from_db()
    assert (study.status, study.version) == ("reading", was + 1)


def test_a_late_image_of_a_withdrawn_study_is_kept_with_it_and_says_so(batch, study):
    technologist = factories.technologist(batch.site)
    factories.withdrawn(study, technologist)
    receipt = late(batch)
    study.refresh_from_db()
    assert outcome(receipt) == ("accepted", "joined_withdrawn")
    assert (study.status, study.images.count()) == ("withdrawn", 2)
    assert intake.to_ring([receipt]) == []


def test_a_late_image_sent_as_stat_raises_its_study_and_one_sent_as_routine_lowers_none(batch, study):
    batch.priority = Priority.STAT
    late(batch)
    study.refresh_from_db()
    assert study.priority == Priority.STAT
    assert set(Screening.objects.values_list("priority", flat=True)) == {Priority.STAT}
    batch.priority = Priority.ROUTINE
    intake.receive(batch, "third.dcm", films.dicom(3, study_uid="1.2.9"))
    study.refresh_from_db()
    assert study.priority == Priority.STAT


def side(batch, name="lat.dcm", **tags):
    return intake.receive(batch, name, films.dicom(3, study_uid="1.2.9", ViewPosition="LL", **tags))


def test_a_lateral_film_beside_a_frontal_one_changes_nothing_of_its_score(batch, study):
    factories.screened(study, 0.1)
    assert outcome(side(batch)) == ("accepted", "lateral")
    study.refresh_from_db()
    assert (study.status, study.band, study.ai_state) == ("screened", "less_likely", "screened")
    assert study.images.count() == 2
    assert Screening.objects.count() == 1


def test_a_frontal_film_that_joins_a_lateral_one_has_the_study_scored(batch):
    study = side(batch).study
    assert (study.status, study.ai_state) == ("unscreened", "lateral")
    late(batch)
    study.refresh_from_db()
    assert (study.status, study.ai_state) == ("received", "pending")
    assert factories.screened(study, 0.9).band == "likely"


def test_a_late_film_has_the_study_scored_anew_by_the_highest(batch, study):
    factories.screened(study, 0.1)
    late(batch)
    study.refresh_from_db()
    assert (study.band, study.ai_state) == ("uncertain", "partly_screened")
    assert factories.screened(study, 0.9).band == "likely"


@pytest.mark.parametrize(
    ("data", "gate"),
    [
        (films.undecodable(3, study_uid="1.2.9"), "undecodable"),
        (films.dicom(3, study_uid="1.2.9", PixelData=bytes(160 * 160)), "no_content"),
    ],
)
def test_a_late_film_that_no_model_may_judge_keeps_the_study_from_the_end_of_the_list(batch, study, data, gate):
    factories.screened(study, 0.1)
    assert intake.receive(batch, "late.dcm", data).reason == gate
    study.refresh_from_db()
    assert (study.status, study.band, study.ai_state) == ("screened", "uncertain", "partly_failed")
    assert not Screening.objects.filter(state="pending").exists()


def test_a_late_film_that_no_model_may_judge_puts_a_signed_study_back_too(batch, study):
    factories.read(factories.screened(study, 0.1), factories.radiologist(batch.site))
    was = study.version
    side(batch)
    study.refresh_from_db()
    assert (study.status, study.version) == ("screened", was + 1)

"""Claiming, signing, addenda: one reader at a time, nothing overwritten."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from screening import reading, worklist
from screening.models import Draft, Event, Read, Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    factories.active_model()
    return factories.site()


@pytest.fixture
def reader(site):
    return factories.radiologist(site)


def let_the_claim_expire(study):
    Study.objects.filter(pk=study.pk).update(claimed_until=Now() - timedelta(seconds=1))


def sign(study, reader, **changes):
    return reading.sign(study, reader, **{"version": study.version, "finding": "present", **changes})


def next_for(reader):
    return reading.claim_next(worklist.waiting(Study.objects.all()), reader)


def test_the_next_study_is_the_one_on_top(site, reader):
    factories.screened(factories.study(site), 0.1)
    likely = factories.screened(factories.study(site), 0.9)
    assert next_for(reader) == likely
    likely.refresh_from_db()
    assert (likely.status, likely.claimed_by) == ("reading", reader)


def test_an_empty_worklist_has_no_next_study(site, reader):
    assert next_for(reader) is None


def test_a_study_of_another_reader_cannot_be_claimed(site, reader):
    study = reading.claim(factories.study(site), factories.radiologist(site))
    with pytest.raises(reading.NotYours, match="Another reader"):
        reading.claim(Study.objects.get(pk=study.pk), reader)


def test_a_released_study_returns_to_where_its_screening_stands_by_then(site, reader):
    study = reading.claim(factories.study(site), reader)
    factories.screened(study, 0.9)
    reading.release(study, reader)
    study.refresh_from_db()
    assert (study.status, study.claimed_by, study.claimed_until) == ("screened", None, None)


def test_an_expired_claim_returns_the_study_and_keeps_the_draft(site, reader):
    study = reading.claim(factories.study(site), reader)
    reading.save_draft(study, reader, {"finding": "present", "comment": "right lower zone"})
    let_the_claim_expire(study)
    assert reading.expire_claims() == 1
    study.refresh_from_db()
    assert study.status == "received"
    assert Draft.objects.get().comment == "right lower zone"


def test_a_claim_that_ran_out_binds_nobody_even_before_the_sweep(site, reader):
    study = reading.claim(factories.study(site), factories.radiologist(site))
    let_the_claim_expire(study)
    assert reading.claim(Study.objects.get(pk=study.pk), reader).claimed_by == reader


def test_a_late_signature_is_refused_and_writes_nothing(site, reader):
    study = reading.claim(factories.study(site), reader)
    let_the_claim_expire(study)
    with pytest.raises(reading.NotYours):
        sign(study, reader)
    assert not Read.objects.exists()


def test_a_signature_after_another_reader_signed_never_overwrites(site, reader):
    study = reading.claim(factories.study(site), reader)
    let_the_claim_expire(study)
    reading.expire_claims()
    other = factories.radiologist(site)
    factories.read(Study.objects.get(pk=study.pk), other, "absent")
    with pytest.raises(reading.NotYours):
        sign(study, reader)
    assert Read.objects.get().reader == other


def test_an_image_that_joined_must_be_seen_before_signing(site, reader):
    study = reading.claim(factories.study(site), reader)
    seen = study.version
    factories.join(study, seed=1)
    with pytest.raises(reading.NewImage):
        sign(study, reader, version=seen)
    assert sign(study, reader, version=seen + 1).finding == "present"


def test_signing_keeps_what_the_ai_said_and_drops_the_draft(site, reader):
    study = reading.claim(factories.screened(factories.study(site), 0.9), reader)
    reading.save_draft(study, reader, {"finding": "absent"})
    read = sign(study, reader, finding="absent", comment="clear")
    assert (read.band, read.probability, read.discordant) == ("likely", 0.9, True)
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("band", "finding", "discordant"),
    [
        ("likely", "absent", True),
        ("less_likely", "present", True),
        ("likely", "present", False),
        ("less_likely", "absent", False),
        ("uncertain", "present", False),
        ("likely", "indeterminate", False),
        ("", "present", False),
    ],
)
def test_discordance_is_a_contradiction_and_no_more(band, finding, discordant):
    assert reading.discordant(band, finding) == discordant


def test_an_addendum_corrects_and_the_first_report_stands(site, reader):
    study = factories.read(factories.study(site), reader, "absent")
    addendum = reading.addend(study, reader, finding="present", comment="seen on review")
    assert addendum.addendum_to.finding == "absent"
    assert Read.objects.count() == 2


def test_an_addendum_needs_a_signed_read(site, reader):
    with pytest.raises(reading.NotYours):
        reading.addend(factories.study(site), reader, finding="present", comment="")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE screening_read SET comment = 'x'",
        "DELETE FROM screening_read",
        "UPDATE screening_event SET kind = 'x'",
        "DELETE FROM screening_event",
    ],
)
def test_the_database_refuses_to_change_or_delete_reads_and_events(site, reader, statement):
    factories.read(factories.study(site), reader)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Read.objects.exists() and Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_readers_who_press_together_get_different_studies(site):
    for _ in range(8):
        factories.study(site)
    readers = [factories.radiologist(site) for _ in range(8)]

    def press(reader):
        try:
            return next_for(reader).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(press, readers))
    assert len(set(taken)) == 8


def test_a_side_is_kept_where_something_is_seen_and_nobody_is_told_of_nothing():
    said = {"side": "left", "certainty": "possible", "told_to": "duty doctor"}
    assert reading.tidied("absent", **said)["side"] == ""
    assert reading.tidied("indeterminate", **said)["side"] == "left"
    kept = reading.tidied("inadequate", **said)
    assert (kept["told_to"], kept["told_at"], kept["certainty"]) == ("", None, "possible")
    told = reading.tidied("absent", urgent="pneumothorax", **said)
    assert told["told_to"] == "duty doctor" and told["told_at"] is not None


def test_a_read_keeps_all_that_was_said(site, reader):
    study = reading.claim(factories.study(site), reader)
    said = {"side": "both", "certainty": "probable", "urgent": "free air", "told_to": "duty doctor"}
    read = sign(study, reader, **said)
    assert {name: getattr(Read.objects.get(), name) for name in said} == said
    assert read.told_at is not None


def test_the_latest_of_report_addenda_and_adjudication_counts(site, reader):
    study = factories.study(site)
    assert reading.report(study) is None
    factories.read(study, reader, "absent")
    said = reading.tidied("present")
    reading.write(study, reader, said, kind=Read.Kind.SECOND)
    assert reading.report(study).finding == "absent"
    addendum = reading.addend(study, reader, finding="indeterminate")
    assert reading.report(study) == addendum
    decided = reading.write(study, reader, said, kind=Read.Kind.ADJUDICATION)
    assert reading.report(study) == decided


def test_a_draft_of_another_tab_is_not_overwritten_and_one_that_was_seen_is(site, reader):
    study = reading.claim(factories.study(site), reader)
    first = reading.save_draft(study, reader, {"comment": "first tab"})
    with pytest.raises(reading.ChangedElsewhere) as caught:
        reading.save_draft(study, reader, {"comment": "second tab"})
    assert caught.value.draft.comment == "first tab"
    second = reading.save_draft(study, reader, {"comment": "second tab"}, first.saved_at)
    assert second.saved_at > first.saved_at
    with pytest.raises(reading.ChangedElsewhere):
        reading.save_draft(study, reader, {"comment": "first tab again"}, first.saved_at)
    # The same words are no conflict, whoever says them.
    assert reading.save_draft(study, reader, {"comment": "second tab"}) == second


def test_an_untouched_page_leaves_no_draft(site, reader):
    study = reading.claim(factories.study(site), reader)
    assert reading.save_draft(study, reader, {"finding": "", "comment": ""}) is None
    assert not Draft.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_addenda_at_the_same_instant_send_a_study_to_one_second_reader(site, reader):
    study = factories.read(factories.screened(factories.study(site), 0.1), reader, "absent")

    def press():
        try:
            reading.addend(study, reader, finding="present")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            reading.addend(study, reader, finding="present")
            other = pool.submit(press)
            assert not wait([other], timeout=0.3).done
        other.result(timeout=60)
    assert (study.reads.count(), study.second_reads.count()) == (3, 1)

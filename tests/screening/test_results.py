"""What was signed at a site by day: which studies, which finding, safe as CSV."""

import csv
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from screening import reading, results
from screening.models import Event, Read
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    factories.active_model()
    return factories.site(time_zone="Asia/Kolkata")


@pytest.fixture
def reader(site):
    return factories.radiologist(site)


def of_today(site):
    day = results.today(site)
    return results.of(results.signed(results.Days(site, day, day)))


def rows_of(site):
    """The lines of today's CSV."""
    day = results.today(site)
    return list(csv.DictReader("".join(results.results_csv(results.Days(site, day, day))).splitlines()))


def write(study, reader, finding, **more):
    return reading.write(study, reader, reading.tidied(finding), **more)


def test_a_day_is_the_sites_own(site):
    start, end = results.Days(site, date(2026, 3, 1), date(2026, 3, 1)).bounds
    zone = ZoneInfo("Asia/Kolkata")
    assert (start, end) == (datetime(2026, 3, 1, tzinfo=zone), datetime(2026, 3, 2, tzinfo=zone))
    assert start.utcoffset() == timedelta(hours=5, minutes=30)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), "before the first"),
        (date(2026, 1, 1), date(2026, 2, 1), "31 days at most"),
        (date(9999, 12, 31), date(9999, 12, 31), "this century"),
        (date(1, 1, 1), date(1, 1, 1), "this century"),
    ],
)
def test_days_that_cannot_be_are_refused_with_a_sentence(site, first, last, words):
    with pytest.raises(results.WrongDays, match=words):
        results.Days(site, first, last)


def test_a_month_of_31_days_is_one_list(site):
    results.Days(site, date(2026, 1, 1), date(2026, 1, 31))


def test_it_lists_what_was_signed_there_on_that_day_and_nothing_else(site, reader):
    here = factories.read(factories.study(site), reader)
    factories.study(site)
    factories.read(factories.study(other := factories.site()), factories.radiologist(other))
    assert [each.study for each in of_today(site)] == [here]
    yesterday = results.today(site) - timedelta(days=1)
    assert not results.signed(results.Days(site, yesterday, yesterday))


def test_the_latest_finding_counts_and_says_that_it_corrects(site, reader):
    study = factories.read(factories.screened(factories.study(site), 0.1), reader, "absent")
    assert not of_today(site)[0].corrected
    reading.addend(study, reader, finding="present", side="left")
    (result,) = of_today(site)
    assert (result.read.finding, result.read.side, result.corrected, result.score) == ("present", "left", True, 10)


def test_a_second_read_changes_no_result_and_an_adjudication_does(site, reader):
    study = factories.read(factories.study(site), reader, "absent")
    write(study, factories.radiologist(site), "present", kind=Read.Kind.SECOND)
    assert of_today(site)[0].read.finding == "absent"
    write(study, factories.radiologist(site), "indeterminate", kind=Read.Kind.ADJUDICATION)
    (result,) = of_today(site)
    assert (result.read.finding, result.corrected) == ("indeterminate", True)


def test_an_urgent_finding_stays_whatever_is_signed_after_it(site, reader):
    study = factories.claimed(factories.study(site), reader)
    reading.sign(study, reader, version=1, finding="absent", urgent="free air", told_to="duty doctor")
    reading.addend(study, reader, finding="present")
    write(study, factories.radiologist(site), "absent", kind=Read.Kind.ADJUDICATION)
    (result,) = of_today(site)
    assert (result.read.kind, [read.urgent for read in result.urgent]) == ("adjudication", ["free air"])
    assert rows_of(site)[0]["urgent"] == "free air"


def test_an_urgent_finding_of_a_second_reader_is_listed_and_the_first_report_counts(site, reader):
    study = factories.read(factories.study(site), reader, "absent")
    said = reading.tidied("present", urgent="=free air", told_to="duty doctor")
    reading.write(study, factories.radiologist(site), said, kind=Read.Kind.SECOND)
    (row,) = rows_of(site)
    assert (row["finding"], row["corrected"]) == ("Absent", "")
    assert (row["urgent"], row["told_to"]) == ("'=free air", "duty doctor")


def test_the_csv_says_that_a_new_image_waits(site, reader):
    study = factories.read(factories.study(site), reader)
    assert rows_of(site)[0]["study"] == "read"
    factories.join(study, seed=1)
    assert rows_of(site)[0]["study"] == "received"


def test_the_csv_is_whole_and_safe_to_open(site, reader):
    study = factories.study(site, patient_name="=cmd|'/c calc'!A1", accession="A-1")
    said = {"finding": "present", "side": "right", "urgent": "+pneumothorax", "told_to": "@duty doctor"}
    factories.claimed(study, reader)
    reading.sign(study, reader, version=study.version, **said)
    (row,) = rows_of(site)
    assert row["patient_name"] == "'=cmd|'/c calc'!A1"
    assert (row["accession"], row["finding"], row["side"], row["urgent"]) == (
        "A-1",
        "Present",
        "Right",
        "'+pneumothorax",
    )
    assert row["told_to"] == "'@duty doctor"
    assert row["signed"].endswith("+05:30")
    assert "Research use only" in row["research_use"]


def test_taking_a_list_is_an_event_with_site_and_days(site, reader):
    results.note(results.Days(site, date(2026, 3, 1), date(2026, 3, 2)), reader, "csv")
    event = Event.objects.get(kind="results")
    assert (event.site, event.detail) == (site, {"how": "csv", "first": "2026-03-01", "last": "2026-03-02"})

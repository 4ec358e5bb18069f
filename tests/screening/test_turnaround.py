"""Turn-around against figures worked out by hand, and first come, first served against a replay one by one."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from screening import counterfactual, turnaround
from screening.counted import Period, lately
from screening.models import Band, Priority, Read, Study

UTC = ZoneInfo("UTC")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
MARCH = Period(MONDAY, MONDAY + timedelta(days=28))


def minutes(count):
    return timedelta(minutes=count)


@pytest.fixture
def received(home, reader):
    """A function: a study received so many minutes after `since`, and claimed and signed so many after that."""

    def made(after=0, *, claimed=None, signed=None, site=home, since=MONDAY, said=None, limit=480, **fields):
        came = since + minutes(after)
        fields |= {"due_at": came + minutes(60), "cap_at": came + minutes(limit)}
        if claimed is not None:
            fields["first_claimed_at"] = came + minutes(claimed)
        if signed is not None:
            fields |= {"signed_at": came + minutes(signed), "status": Study.Status.READ}
        study = Study.objects.create(site=site, received_at=came, **fields)
        if said is not None:
            Read.objects.create(study=study, reader=reader, finding="absent", band=said)
        return study

    return made


def row(rows, of):
    return next(row for row in rows if row.of == of)


def test_waits_are_told_by_median_nine_of_ten_and_longest(received, home):
    for claimed in (10, 20, 60):
        received(claimed=claimed, signed=2 * claimed)
    total = turnaround.figures([home], MARCH).total
    assert total.claimed == turnaround.Waits(3, minutes(20), minutes(52), minutes(60))
    assert total.signed == turnaround.Waits(3, minutes(40), minutes(104), minutes(120))
    assert total.screened == turnaround.Waits(0, None, None, None)


def test_what_is_not_signed_or_scored_yet_is_counted(received, home):
    received(claimed=5, signed=10, screened_at=MONDAY + minutes(1))
    received(claimed=5)
    received()
    total = turnaround.figures([home], MARCH).total
    assert (total.studies, total.unsigned, total.unscreened) == (3, 2, 2)
    assert (total.claimed.count, total.signed.count) == (2, 1)


def test_a_period_without_a_study_has_no_figures(home):
    found = turnaround.figures([home], MARCH)
    assert (found.total, found.classes, found.weeks) == (None, [], [])
    assert turnaround.share_read([home], MARCH) == {}
    assert counterfactual.against_fifo([home], MARCH) == []


def test_a_period_begins_with_its_first_instant_and_ends_before_its_last(received, home):
    received(since=MARCH.since)
    received(since=MARCH.until)
    received(since=MARCH.since - minutes(1))
    assert turnaround.figures([home], MARCH).total.studies == 1


def test_the_band_is_what_the_ai_said_at_signing_or_says_now(received, home):
    received(signed=10, band=Band.LESS_LIKELY, said=Band.LIKELY)
    received(signed=10, band=Band.LIKELY, said="")
    received(band=Band.UNCERTAIN)
    bands = turnaround.figures([home], MARCH).bands
    assert [(row.of, row.studies) for row in bands] == [(Band.LIKELY, 1), (Band.UNCERTAIN, 1), ("", 1)]


def test_an_addendum_does_not_change_the_band_of_the_signature(received, home, reader):
    study = received(signed=10, said=Band.LIKELY)
    first = study.reads.get()
    Read.objects.create(study=study, reader=reader, finding="present", band=Band.LESS_LIKELY, addendum_to=first)
    assert [row.of for row in turnaround.figures([home], MARCH).bands] == [Band.LIKELY]


def test_classes_and_sites_have_rows_of_their_own(received, home, away):
    received(signed=10, priority=Priority.STAT)
    received(signed=30)
    received(signed=50, site=away)
    found = turnaround.figures([home, away], MARCH)
    assert [(row.of, row.signed.median) for row in found.classes] == [(0, minutes(10)), (2, minutes(40))]
    assert [(row.of, row.signed.longest) for row in found.sites] == [(away, minutes(50)), (home, minutes(30))]
    assert turnaround.figures([home], MARCH).total.studies == 2


def test_weeks_begin_on_the_monday_of_the_site(received, home, away, factories):
    berlin = factories.site("berlin", time_zone="Europe/Berlin")
    late_on_sunday = 7 * 24 * 60 - 30
    received(late_on_sunday)
    received(late_on_sunday, site=berlin)
    assert row(turnaround.figures([home], MARCH).weeks, date(2026, 3, 2)).studies == 1
    assert row(turnaround.figures([berlin], MARCH).weeks, date(2026, 3, 9)).studies == 1


def test_withdrawn_and_synthetic_studies_are_left_out_and_counted(received, home):
    received(signed=10)
    received(status=Study.Status.WITHDRAWN)
    received(synthetic=True, signed=1)
    received(synthetic=True, status=Study.Status.WITHDRAWN)
    found = turnaround.figures([home], MARCH)
    assert (found.total.studies, found.withdrawn, found.synthetic) == (1, 1, 2)


def test_a_demo_site_shows_its_synthetic_studies(received, factories):
    demo = factories.site("demo", demo=True)
    received(site=demo, synthetic=True, signed=10)
    found = turnaround.figures([demo], MARCH)
    assert (found.total.studies, found.synthetic) == (1, 0)


def test_the_share_within_the_limit_counts_those_whose_limit_has_told(received, home):
    now = lately().until
    since = now - minutes(100)
    received(since=since, claimed=20, limit=30)
    received(since=since, claimed=40, limit=30)
    received(since=since, limit=30)  # past it, and nobody has taken it
    received(since=since, limit=300)  # may still be taken in time
    total = turnaround.figures([home], lately()).total
    assert (total.within, total.decided, total.share_within) == (1, 3, 1 / 3)


def test_the_share_read_is_the_plain_share_where_everything_is_signed(received, home):
    for signed in (5, 10, 11, 100):
        received(signed=signed, said=Band.LIKELY)
    received(signed=3000, said=Band.LESS_LIKELY)
    found = turnaround.share_read([home], MARCH)
    by_minute = {10 * step: share for step, share in enumerate(found["likely"])}
    assert [by_minute[at] for at in (0, 10, 20, 90, 100)] == pytest.approx([0, 0.5, 0.75, 0.75, 1])
    assert len(by_minute) == 48 * 6 + 1
    assert max(found["less_likely"]) == 0


def test_the_share_read_takes_open_studies_for_what_they_have_waited(received, home):
    now = lately().until
    received(since=now - minutes(300), signed=30, said=Band.LIKELY)
    received(since=now - minutes(300), signed=90, said=Band.LIKELY)
    received(since=now - minutes(55), band=Band.LIKELY)  # open, and known for 55 minutes alone
    share = turnaround.share_read([home], lately())["likely"]
    assert (share[2], share[3], share[8]) == pytest.approx((0, 1 / 3, 1 / 3))
    assert share[9] == pytest.approx(1)  # the only one known to wait so long was signed


def random_day(seed, count=60):
    """A Signed of two sites whose readers took whichever study they liked."""
    rng = np.random.default_rng(seed)
    site = np.sort(rng.integers(0, 2, count))
    received = np.concatenate([np.sort(rng.uniform(0, 1000, (site == each).sum())) for each in (0, 1)])
    priority = rng.integers(0, 3, count)
    claimed = received + rng.exponential(120, count)
    return counterfactual.Signed(site, priority, priority == 0, received, claimed, claimed + rng.uniform(1, 20, count))


def one_by_one(signed):
    began = np.full(len(signed.received), np.nan)
    for slot in np.argsort(signed.claimed):
        here = (signed.site == signed.site[slot]) & (signed.received <= signed.claimed[slot]) & np.isnan(began)
        waiting = np.flatnonzero(here)
        first = min(waiting, key=lambda each: (signed.priority[each], signed.received[each]))
        began[first] = signed.claimed[slot]
    return began


@pytest.mark.parametrize("seed", range(5))
def test_the_replay_gives_every_slot_to_the_first_of_the_highest_class(seed):
    signed = random_day(seed)
    began = counterfactual.replayed(signed)
    assert (began == one_by_one(signed)).all()
    assert (began >= signed.received).all()
    assert began.sum() == pytest.approx(signed.claimed.sum())
    assert sorted(began) == sorted(signed.claimed)
    for site in (0, 1):
        for priority in range(3):
            chosen = began[(signed.site == site) & (signed.priority == priority)]
            assert all(before < after for before, after in pairwise(chosen))


def test_the_order_is_told_against_first_come_first_served(received, home):
    received(0, claimed=30, signed=35, said=Band.LESS_LIKELY)
    received(10, claimed=10, signed=12, said=Band.LIKELY)  # overtook the one before it, at minute 20
    likely, others, everything = counterfactual.against_fifo([home], MARCH)
    assert (likely.actual.mean, likely.fifo.mean, likely.saved) == (minutes(12), minutes(22), minutes(10))
    assert (others.actual.mean, others.fifo.mean, others.saved) == (minutes(35), minutes(25), minutes(-10))
    assert (everything.studies, everything.saved) == (2, minutes(0))


def test_the_replay_is_of_studies_signed_in_the_period_and_no_synthetic_ones(received, home):
    received(since=MARCH.since - minutes(60), claimed=100, signed=110)
    received(claimed=10, signed=20, synthetic=True)
    received(claimed=10)
    received(claimed=10, signed=60 * 24 * 40)
    assert [each.studies for each in counterfactual.against_fifo([home], MARCH)] == [1, 1]


def test_limits_are_proposed_from_fifty_studies_of_a_class_on(received, home):
    since = lately().until - timedelta(days=20)
    for each in range(50):
        received(60 * each, since=since, claimed=each, signed=50)
    for each in range(49):
        received(60 * each, since=since, claimed=3, signed=50, priority=Priority.STAT)
    proposed = turnaround.proposed_limits(home)
    # 1.5 x 46.55 minutes is 69.8, and 75 the next quarter of an hour
    assert proposed == {Priority.STAT: None, Priority.URGENT: None, Priority.ROUTINE: minutes(75)}


def test_a_limit_for_stat_goes_by_five_minutes(received, home):
    since = lately().until - timedelta(days=20)
    for each in range(50):
        received(60 * each, since=since, claimed=14, signed=20, priority=Priority.STAT)
    assert turnaround.proposed_limits(home)[Priority.STAT] == minutes(25)


def test_proposed_limits_count_reading_hours(received, factories):
    office = factories.site("office", opens=time(8), closes=time(17))
    evening = datetime.combine(lately().until.date() - timedelta(days=10), time(16, 50), UTC)
    for each in range(60):
        received(since=evening + timedelta(seconds=each), claimed=15 * 60 + 20, signed=1000, site=office)
    assert turnaround.proposed_limits(office)[Priority.ROUTINE] == minutes(30)

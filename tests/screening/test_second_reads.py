"""Second reads: which studies, for whom, blinded; and what counts where two readers differ."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from screening import claims, comparing, exporting, reading, rereading, results, second_reads
from screening.models import Draft, Event, Notice, Read, SecondRead, Study
from screening.pseudonyms import Pseudonyms
from tests import factories

pytestmark = pytest.mark.django_db

LIKELY, LESS, UNCERTAIN = 0.9, 0.1, 0.5


@pytest.fixture
def site():
    factories.active_model()
    return factories.site(second_read_share=0)


@pytest.fixture
def first(site):
    return factories.radiologist(site)


@pytest.fixture
def second(site):
    return factories.radiologist(site)


@pytest.fixture
def third(site):
    return factories.radiologist(site)


@pytest.fixture
def always_by_urgency(monkeypatch):
    monkeypatch.setattr(rereading.secrets, "randbelow", lambda below: 1)


def signed(site, reader, probability, finding):
    """The SecondRead of a study that was scored and signed so, or None."""
    study = factories.read(factories.screened(factories.study(site), probability), reader, finding)
    return study.second_reads.first()


def sign(second, reader, finding, **changes):
    return rereading.sign(second, reader, **{"version": second.study.version, "finding": finding, **changes})


def reread(opened, reader, finding):
    """`opened` claimed and signed by `reader`, as it stands then."""
    rereading.claim(opened, reader)
    sign(opened, reader, finding)
    opened.refresh_from_db()
    return opened


def let_the_claim_expire(opened):
    SecondRead.objects.filter(pk=opened.pk).update(claimed_until=Now() - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("probability", "finding", "why"),
    [
        (LIKELY, "absent", "likely_absent"),
        (LESS, "present", "less_likely_present"),
        (LIKELY, "present", None),
        (LESS, "absent", None),
        (UNCERTAIN, "present", None),
        (UNCERTAIN, "absent", None),
        (LIKELY, "indeterminate", None),
        (LESS, "inadequate", None),
    ],
)
def test_where_reader_and_ai_contradict_each_other_a_second_reader_is_asked(site, first, probability, finding, why):
    opened = signed(site, first, probability, finding)
    assert (opened and opened.why) == why
    assert Study.objects.get().status == "read"


@pytest.mark.parametrize(("share", "expected"), [(0, None), (1, "random")])
def test_of_the_rest_a_share_is_drawn(site, first, share, expected):
    type(site).objects.update(second_read_share=share)
    opened = signed(site, first, LIKELY, "present")
    assert (opened and opened.why) == expected


def test_who_was_drawn_can_be_checked_by_everybody(site, first):
    signed(site, first, LIKELY, "present")
    read = Read.objects.get()
    assert second_reads.draw(read) == second_reads.draw(Read.objects.get(pk=read.pk))
    some = [second_reads.draw(Read()) for _ in range(2000)]
    assert min(some) >= 0 and max(some) < 1
    assert 0.15 < sum(u < 0.2 for u in some) / len(some) < 0.25


def test_the_history_keeps_the_share_and_whether_chance_would_have_drawn_it_too(site, first):
    type(site).objects.update(second_read_share=1)
    signed(site, first, LIKELY, "absent")
    detail = Event.objects.get(kind="second_opened").detail
    assert (detail["why"], detail["share"], detail["drawn"]) == ("likely_absent", 1, True)


def test_false_alarms_are_taken_up_to_a_number_and_misses_always(site, first, monkeypatch):
    monkeypatch.setattr(second_reads, "MOST_OPEN", 1)
    assert signed(site, first, LIKELY, "absent")
    assert signed(site, first, LIKELY, "absent") is None
    assert signed(site, first, LESS, "present") and signed(site, first, LESS, "present")


def test_a_miss_of_the_ai_is_told_at_once_and_a_false_alarm_is_not(site, first):
    signed(site, first, LIKELY, "absent")
    assert not Notice.objects.exists()
    study = signed(site, first, LESS, "present").study
    assert (Notice.objects.get().kind, Notice.objects.get().study) == ("false_negative", study)


def test_a_second_reader_who_finds_what_ai_and_reader_missed_is_told_of_too(site, first, second):
    type(site).objects.update(second_read_share=1)
    reread(signed(site, first, LESS, "absent"), second, "present")
    assert Notice.objects.get().kind == "false_negative"


def test_nobody_reads_a_study_twice(site, first, second):
    opened = signed(site, first, LESS, "present")
    assert list(second_reads.waiting(second)) == [opened]
    assert not second_reads.waiting(first)
    with pytest.raises(reading.NotYours, match="not for you"):
        rereading.claim(opened, first)


def test_it_is_for_readers_of_its_site(site, first):
    signed(site, first, LESS, "present")
    assert not second_reads.waiting(factories.radiologist(factories.site()))


def test_whoever_wrote_an_addendum_knows_the_report(site, first, second):
    opened = signed(site, first, LESS, "present")
    reading.addend(opened.study, second, finding="present", comment="seen too")
    assert not second_reads.waiting(second)


@pytest.mark.parametrize("kind", ["view", "claim", "explain"])
def test_whoever_opened_the_study_is_not_blinded(site, first, second, kind):
    opened = signed(site, first, LESS, "present")
    Event.note(kind, actor=second, study=opened.study)
    assert not second_reads.waiting(second)


@pytest.mark.parametrize("detail", [{"film": True}, {"second_read": "x"}])
def test_the_film_alone_and_the_page_of_the_second_read_tell_nothing(site, first, second, detail):
    opened = signed(site, first, LESS, "present")
    Event.note("view", actor=second, study=opened.study, **detail)
    assert second_reads.waiting(second)


def test_a_lead_who_has_seen_the_notice_of_a_miss_is_not_blinded(site, first):
    signed(site, first, LESS, "present")
    lead = factories.person(["radiologist", "clinical_lead"], site)
    type(lead).objects.update(notices_seen_at=Now() - timedelta(hours=1))
    lead.refresh_from_db()
    assert second_reads.waiting(lead)
    type(lead).objects.update(notices_seen_at=Now() + timedelta(hours=1))
    lead.refresh_from_db()
    assert not second_reads.waiting(lead)


def test_a_receiver_of_the_first_readers_claim_has_got_the_draft_too(site, first, second, third):
    study = factories.claimed(factories.screened(factories.study(site), LESS), first)
    reading.save_draft(study, first, {"finding": "present"})
    claims.hand_over(study, first, second)
    claims.end(study, factories.administrator())
    factories.read(study, first, "present")
    assert not second_reads.waiting(second) and second_reads.waiting(third)


@pytest.mark.parametrize(("days_ago", "knows"), [(0, True), (5, False)])
def test_whoever_has_seen_the_results_of_its_day_is_not_blinded(site, first, days_ago, knows):
    signed(site, first, LESS, "present")
    clerk = factories.person(["radiologist", "results"], site)
    day = results.today(site) - timedelta(days=days_ago)
    results.note(results.Days(site, day - timedelta(days=1), day), clerk, "list")
    assert second_reads.waiting(clerk).exists() != knows


def test_a_list_of_results_from_before_the_report_tells_nothing_of_it(site, first):
    clerk, day = factories.person(["radiologist", "results"], site), results.today(site)
    results.note(results.Days(site, day, day), clerk, "list")
    signed(site, first, LESS, "present")
    assert second_reads.waiting(clerk).exists()


def test_missed_pneumonias_come_first_and_the_list_shows_no_such_order(site, first, second, always_by_urgency):
    type(site).objects.update(second_read_share=1)
    opened = [signed(site, first, *said) for said in ((UNCERTAIN, "absent"), (LIKELY, "absent"), (LESS, "present"))]
    assert list(second_reads.waiting(second)) == opened
    taken = [rereading.claim_next(second) for _ in range(4)]
    assert taken == [*reversed(opened), None]


def test_one_in_a_few_is_taken_by_age_so_that_those_drawn_are_read_too(site, first, second, monkeypatch):
    monkeypatch.setattr(rereading.secrets, "randbelow", lambda below: 0)
    type(site).objects.update(second_read_share=1)
    drawn, _ = signed(site, first, UNCERTAIN, "absent"), signed(site, first, LESS, "present")
    assert rereading.claim_next(second) == drawn


def test_what_one_has_claimed_another_cannot_take(site, first, second, third):
    opened = rereading.claim(signed(site, first, LESS, "present"), second)
    assert rereading.claim_next(third) is None
    with pytest.raises(reading.NotYours, match="another reader has it"):
        rereading.claim(opened, third)
    with pytest.raises(reading.NotYours, match="has ended"):
        sign(opened, third, "present")
    assert rereading.claim(opened, second).claimed_by == second


def test_a_released_or_expired_claim_gives_it_back_and_keeps_the_draft(site, first, second, third):
    opened = rereading.claim(signed(site, first, LESS, "present"), second)
    reading.save_draft(opened.study, second, {"finding": "present"})
    rereading.release(opened, second)
    assert rereading.claim_next(second) == opened
    let_the_claim_expire(opened)
    assert rereading.expire_claims() == 1
    opened.refresh_from_db()
    assert (opened.claimed_by, opened.claimed_until) == (None, None)
    assert rereading.claim_next(third) == opened
    assert Draft.objects.get().reader == second


def test_a_claim_that_ran_out_signs_nothing_and_binds_nobody(site, first, second, third):
    opened = rereading.claim(signed(site, first, LESS, "present"), second)
    let_the_claim_expire(opened)
    with pytest.raises(reading.NotYours, match="has ended"):
        rereading.renew(opened, second)
    with pytest.raises(reading.NotYours, match="has ended"):
        sign(opened, second, "present")
    assert not Read.objects.filter(kind="second").exists()
    assert rereading.claim(SecondRead.objects.get(), third).claimed_by == third


def test_two_who_agree_settle_it_and_the_first_report_stands(site, first, second):
    opened = reread(signed(site, first, LESS, "present"), second, "present")
    assert (opened.stage, opened.second.kind, opened.second.reader) == ("settled", "second", second)
    assert opened.settled_at is not None
    assert reading.report(opened.study) == opened.first
    assert not second_reads.waiting(factories.radiologist(site))


def test_another_side_alone_is_no_difference(site, first, second):
    opened = rereading.claim(signed(site, first, LESS, "present"), second)
    sign(opened, second, "present", side="left")
    assert SecondRead.objects.get().stage == "settled"


def test_where_two_differ_the_first_report_stands_until_a_third_decides(site, first, second, third):
    opened = reread(signed(site, first, LESS, "present"), second, "absent")
    assert (opened.stage, opened.claimed_by) == ("adjudication", None)
    assert reading.report(opened.study).finding == "present"
    assert not second_reads.waiting(first) and not second_reads.waiting(second)
    opened = reread(opened, third, "absent")
    assert (opened.stage, opened.adjudication.reader) == ("settled", third)
    assert reading.report(Study.objects.get()) == opened.adjudication
    assert Study.objects.get().status == "read"


def test_what_else_goes_by_the_finding_waits_for_the_third_reader_too(site, first, second, third):
    def counts():
        film = exporting.choose(exporting.Wish(study_as_patient=True), Pseudonyms(b"key")).films[0]
        return comparing.with_finding(Study.objects.all()).get().finding, film.row.finding

    opened = reread(signed(site, first, LESS, "present"), second, "absent")
    assert counts() == ("present", "present")
    reread(opened, third, "absent")
    assert counts() == ("absent", "absent")


def test_a_third_reader_sees_an_addendum_before_deciding(site, first, second, third):
    opened = reread(signed(site, first, LESS, "present"), second, "absent")
    rereading.claim(opened, third)
    reading.addend(opened.study, first, finding="absent", comment="on review")
    with pytest.raises(reading.NewImage, match="or a report of this study has changed"):
        sign(opened, third, "present")
    opened = SecondRead.objects.get()
    assert sign(opened, third, "present").kind == "adjudication"


def test_a_third_reader_may_know_the_report(site, first, second, third):
    opened = reread(signed(site, first, LESS, "present"), second, "absent")
    Event.note("view", actor=third, study=opened.study)
    assert list(second_reads.waiting(third)) == [opened]


def test_the_second_reader_is_compared_with_what_counts_by_then(site, first, second):
    opened = signed(site, first, LESS, "present")
    reading.addend(opened.study, first, finding="absent", comment="on review")
    assert reread(opened, second, "absent").stage == "settled"
    assert SecondRead.objects.count() == 1


def test_an_addendum_that_turns_a_report_against_the_ai_opens_one(site, first, second):
    study = factories.read(factories.screened(factories.study(site), LESS), first, "absent")
    addendum = reading.addend(study, first, finding="present", comment="seen on review")
    assert study.second_reads.get().first == addendum
    assert Notice.objects.exists()
    assert second_reads.waiting(second)


def test_while_a_study_is_read_anew_its_second_read_rests_and_the_new_report_takes_its_place(
    site, first, second, third
):
    opened = rereading.claim(signed(site, first, LESS, "present"), second)
    study = opened.study
    factories.join(study, seed=1)
    assert not second_reads.waiting(third)
    assert rereading.held(second, study) is None
    with pytest.raises(reading.NotYours, match="over, and nothing was signed"):
        sign(opened, second, "present")
    factories.read(factories.screened(study, LESS), first, "present")
    assert study.second_reads.get() != opened


def test_a_picture_that_changed_must_be_seen_before_signing(site, first, second):
    opened = rereading.claim(signed(site, first, LESS, "present"), second)
    with pytest.raises(reading.NewImage):
        sign(opened, second, "present", version=opened.study.version - 1)


def test_whoever_looks_at_the_report_while_holding_the_claim_does_not_sign_blinded(site, first, second):
    opened = rereading.claim(signed(site, first, LESS, "present"), second)
    Event.note("view", actor=second, study=opened.study)
    with pytest.raises(reading.NotYours, match="would not be blinded"):
        sign(opened, second, "present")


def test_every_step_is_in_the_history(site, first, second, third):
    opened = reread(signed(site, first, LESS, "present"), second, "absent")
    reread(opened, third, "present")
    kinds = list(Event.objects.filter(study=opened.study, kind__in=[
        "second_opened", "second_claim", "second_sign", "adjudicate"]).values_list("kind", flat=True))  # fmt: skip
    assert kinds == ["second_opened", "second_claim", "second_sign", "second_claim", "adjudicate"]


@pytest.mark.django_db(transaction=True)
def test_two_who_press_together_get_two_different_ones(site, first):
    for _ in range(4):
        signed(site, first, LESS, "present")
    readers = [factories.radiologist(site) for _ in range(4)]

    def press(reader):
        try:
            return rereading.claim_next(reader).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(press, readers))) == 4


@pytest.mark.parametrize(("radiologists", "needed"), [(1, 2), (2, 3)])
def test_a_site_with_too_few_readers_is_told_so(site, first, radiologists, needed):
    opened = signed(site, first, LESS, "present")
    for _ in range(radiologists - 1):
        reread(opened, factories.radiologist(site), "absent")
    found = second_reads.stuck(first)
    assert [(each.site, each.readers, each.needed, each.waiting) for each in found] == [(site, radiologists, needed, 1)]


def test_a_site_with_enough_readers_is_not(site, first, second):
    signed(site, first, LESS, "present")
    assert second_reads.stuck(first) == []

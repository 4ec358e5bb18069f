"""The order of the worklist, its pages, and what its rows say."""

from datetime import timedelta

import pytest

from screening import handling, places, standing, worklist
from screening import order as order_of
from screening.models import Priority, Site, Study
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    factories.active_model()
    return factories.site()


def screened(site, p, **how):
    return factories.screened(factories.study(site, **how), p)


def order(**how):
    return worklist.page(worklist.waiting(Study.objects.all()), sites=Site.objects.all(), **how).studies


def test_the_likelier_film_comes_first_inside_its_class(site):
    less, likely, pending = screened(site, 0.05), screened(site, 0.95), factories.study(site)
    assert order() == [likely, pending, less]


def test_no_probability_lifts_a_film_out_of_its_class(site):
    likely = screened(site, 0.99)
    stat = screened(site, 0.01, priority=Priority.STAT)
    urgent = factories.study(site, priority=Priority.URGENT)
    assert order() == [stat, urgent, likely]


def test_a_film_past_its_limit_comes_first_in_its_class_by_limit(site):
    fresh = screened(site, 0.99)
    late = screened(site, 0.01, ago=timedelta(hours=9))
    later = screened(site, 0.5, ago=timedelta(hours=8, minutes=30))
    assert order() == [late, later, fresh]


def test_a_failed_film_stays_in_the_middle_and_is_never_last(site):
    likely, less = screened(site, 0.95), screened(site, 0.05)
    failed = factories.failed(factories.study(site))
    assert order() == [likely, failed, less]


def test_a_withdrawn_or_signed_study_leaves_the_worklist(site):
    kept, gone, signed = (factories.study(site) for _ in range(3))
    factories.withdrawn(gone, factories.technologist(site))
    factories.read(signed, factories.radiologist(site))
    assert order() == [kept]


def test_pages_show_every_study_once_in_the_same_order(site):
    for number in range(23):
        screened(site, number / 23, ago=timedelta(hours=number / 2), priority=Priority(number % 3))
    whole, pages, after = order(), [], None
    while True:
        page = worklist.page(worklist.waiting(Study.objects.all()), sites=Site.objects.all(), after=after, size=5)
        pages += page.studies
        after = page.after
        if after is None:
            break
    assert pages == whole
    assert len(whole) == 23


def test_a_forged_cursor_is_refused(site):
    with pytest.raises(worklist.BadCursor):
        order(after="not-ours")


def test_a_site_under_fifo_is_ordered_by_arrival(site):
    first, second = screened(site, 0.05, ago=timedelta(minutes=2)), screened(site, 0.99)
    assert order() == [second, first]
    site.policy = "fifo"
    site.save()
    standing.recompute_site(site)
    assert order() == [first, second]


@pytest.mark.parametrize(
    ("p", "how", "reason"),
    [
        (0.93, {}, "likely, score 93"),
        (0.93, {"priority": Priority.STAT}, "stat; likely, score 93"),
        (0.05, {"ago": timedelta(hours=9)}, "past the 8 h limit"),
        (0.93, {"age_years": 61}, "outside the model's ages, in the middle of its class"),
    ],
)
def test_a_row_says_why_it_stands_there(site, p, how, reason):
    screened(site, p, **how)
    (row,) = order()
    assert worklist.reason(row, worklist.database_now()) == reason


def test_an_unscreened_row_says_so(site):
    factories.study(site)
    (row,) = order()
    assert worklist.reason(row, worklist.database_now()) == "AI pending, in the middle of its class"


def test_a_row_shows_the_earlier_of_due_time_and_limit(site):
    likely, less = screened(site, 0.99), screened(site, 0.01)
    assert worklist.due(likely) == likely.due_at
    assert worklist.due(less) == less.cap_at


def test_the_kinds_on_the_worklist_are_counted(site):
    screened(site, 0.9), screened(site, 0.8), screened(site, 0.1)
    factories.study(site)
    factories.study(factories.site())
    reader = factories.radiologist(site)
    factories.claimed(screened(site, 0.5), reader)
    tally = places.tally([site.pk], reader, [site.pk])
    counted = {(kind.band, kind.ai_state): n for kind, n in tally.kinds.items()}
    assert counted == {
        ("likely", "screened"): 2, ("uncertain", "screened"): 1, ("less_likely", "screened"): 1, ("", "pending"): 1
    }  # fmt: skip
    assert (tally.waiting, tally.mine, tally.past_limit) == (5, 1, 0)


def test_a_changed_class_moves_the_study_and_its_screening(site):
    routine, study = screened(site, 0.99), factories.study(site)
    handling.change_priority(study, Priority.STAT, factories.technologist(site))
    assert order() == [study, routine]
    assert study.images.get().screenings.get().priority == Priority.STAT


def test_a_restored_study_returns_to_its_old_place(site):
    first, second, third = (factories.study(site, ago=timedelta(minutes=m)) for m in (3, 2, 1))
    person = factories.technologist(site)
    factories.withdrawn(second, person)
    assert second.images.get().screenings.get().state == "cancelled"
    handling.restore(second, person)
    assert order() == [first, second, third]
    assert second.images.get().screenings.get().state == "pending"


def test_a_class_is_changed_on_the_study_as_it_stands_and_not_as_it_was_read(site):
    stale = factories.study(site)
    factories.screened(Study.objects.get(pk=stale.pk), 0.95)
    handling.change_priority(stale, Priority.URGENT, factories.technologist(site))
    study = Study.objects.get(pk=stale.pk)
    assert study.due_at == order_of.due(study, 0.95)[0]


def test_a_restored_study_is_ordered_by_the_policy_of_now(site):
    study, person = screened(site, 0.9), factories.technologist(site)
    factories.withdrawn(study, person)
    site.policy = "fifo"
    site.save()
    handling.restore(study, person)
    study = Study.objects.get(pk=study.pk)
    assert (study.status, study.due_at) == ("screened", order_of.due(study, 0.5)[0])


def test_a_study_that_came_back_after_signing_says_so(site):
    study = factories.read(factories.study(site), factories.radiologist(site))
    factories.join(study, seed=1)
    (row,) = order()
    assert worklist.reason(row, worklist.database_now()).startswith("new image after signing; ")

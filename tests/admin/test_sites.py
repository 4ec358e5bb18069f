"""Sites, by the pages: what a change does to the studies that wait."""

from datetime import timedelta

import pytest

from screening.models import Event, Site

SETTINGS = {
    "name": "Home",
    "policy": "due_time",
    "ai_order": "on",
    "opens": "00:00",
    "closes": "00:00",
    "reading_days": [0, 1, 2, 3, 4, 5, 6],
    "time_zone": "UTC",
    "second_read_share": 0.05,
    "cap_stat": 60,
    "cap_urgent": 240,
    "cap_routine": 480,
    "prevalence": 0.1,
    "daily_files": 50_000,
    "daily_gigabytes": 500,
    "daily_files_a_user": 20_000,
}


def test_a_new_site_is_an_event(boss, administrator):
    answer = boss.post("/sites/new", SETTINGS | {"code": "north"})
    assert answer.status_code == 302
    event = Event.objects.get(kind="site")
    assert (event.actor, event.site, event.detail["created"]) == (administrator, Site.objects.get(code="north"), True)


def test_a_shorter_limit_moves_the_studies_that_wait(boss, factories, home):
    study = factories.study(home)
    was = study.cap_at
    boss.post(f"/sites/{home.pk}/", SETTINGS | {"cap_routine": 60})
    study.refresh_from_db()
    assert (was - study.cap_at).total_seconds() == 7 * 3600
    assert Event.objects.get(kind="site").detail["changed"]["cap_routine"] == [480, 60]


def test_another_order_moves_the_studies_that_wait(boss, factories, home, model):
    less = factories.screened(factories.study(home, ago=timedelta(minutes=5)), 0.05)
    more = factories.screened(factories.study(home), 0.95)
    boss.post(f"/sites/{home.pk}/", SETTINGS | {"policy": "fifo"})
    less.refresh_from_db(), more.refresh_from_db()
    assert less.due_at < more.due_at


@pytest.mark.parametrize(
    "bad", [{"prevalence": 2}, {"cap_stat": 0}, {"cap_routine": "x"}, {"policy": "random"}, {"name": ""}]
)
def test_a_setting_that_does_not_fit_is_refused(boss, home, bad):
    answer = boss.post(f"/sites/{home.pk}/", SETTINGS | bad)
    assert answer.status_code == 200 and b"errorlist" in answer.content
    assert not Event.objects.filter(kind="site").exists()


def test_neither_code_nor_demo_flag_of_a_site_changes(boss, home):
    boss.post(f"/sites/{home.pk}/", SETTINGS | {"code": "else", "demo": "on"})
    home.refresh_from_db()
    assert (home.code, home.demo, home.name) == ("home", False, "Home")


def test_the_list_counts_what_waits_and_who_works_there(boss, factories, home):
    factories.study(home), factories.study(home)
    factories.radiologist(home)
    text = boss.get("/sites/").content.decode()
    assert '<td class="number">2' in text and '<td class="number">1' in text and "8 h" in text

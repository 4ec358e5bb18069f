"""The worklist by the API."""

from datetime import datetime, timedelta

from screening import worklist
from screening.models import Priority
from screening.wording import RESEARCH_USE


def rows(client, **asked):
    return client.get("/api/v1/worklist", asked).json()


def test_the_likely_stand_before_the_less_likely_each_with_its_reason(as_reader, factories, home, model):
    less = factories.screened(factories.study(home), 0.05)
    likely = factories.screened(factories.study(home), 0.95)
    page = rows(as_reader)
    assert [row["id"] for row in page["results"]] == [str(likely.pk), str(less.pk)]
    assert [row["reason"] for row in page["results"]] == ["likely, score 95", "less likely, score 5"]
    assert page["research_use"] == RESEARCH_USE


def test_a_row_says_how_long_it_waits_and_when_it_is_due(as_reader, factories, home, model):
    factories.study(home, ago=timedelta(hours=9))
    row = rows(as_reader)["results"][0]
    assert (row["waiting_s"] // 3600, row["overdue"], row["reason"]) == (9, True, "past the 8 h limit")
    assert row["due_at"] < row["limit_at"] or row["due_at"] == row["limit_at"]


def test_pages_follow_one_another_by_their_cursor(as_reader, factories, home, monkeypatch):
    monkeypatch.setitem(worklist.page.__kwdefaults__, "size", 2)
    made = [str(factories.study(home, ago=timedelta(minutes=10 - i)).pk) for i in range(5)]
    page, seen = rows(as_reader), []
    while True:
        seen += [row["id"] for row in page["results"]]
        if not page["after"]:
            break
        page = rows(as_reader, after=page["after"])
    assert seen == made


def test_a_cursor_of_somebody_elses_is_refused(as_reader):
    answer = as_reader.get("/api/v1/worklist", {"after": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_cursor")


def test_a_filter_shows_its_part(as_reader, factories, home, model):
    factories.screened(factories.study(home), 0.05)
    likely = factories.screened(factories.study(home), 0.95)
    assert [row["id"] for row in rows(as_reader, filter="likely")["results"]] == [str(likely.pk)]
    assert rows(as_reader, filter="mine")["results"] == []


def test_an_unknown_filter_is_refused(as_reader):
    answer = as_reader.get("/api/v1/worklist", {"filter": "red"})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["filter"])


def test_the_worklist_is_of_ones_own_sites_and_for_readers(as_reader, as_sender, factories, away):
    factories.study(away)
    assert rows(as_reader)["results"] == []
    assert as_sender.get("/api/v1/worklist").status_code == 403


def test_filters_hold_together(as_reader, factories, home, model):
    wanted = factories.screened(factories.study(home, priority=Priority.STAT), 0.95)
    factories.screened(factories.study(home), 0.95), factories.study(home, priority=Priority.STAT)
    found = rows(as_reader, **{"class": "stat", "band": "likely", "site": home.code, "unclaimed": True})
    assert [row["id"] for row in found["results"]] == [str(wanted.pk)]
    assert rows(as_reader, ai="failed")["results"] == rows(as_reader, overdue=True)["results"] == []


def test_a_site_of_others_is_no_filter(as_reader, away):
    answer = as_reader.get("/api/v1/worklist", {"site": away.code})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["site"])


def test_where_the_finding_comes_first_a_filter_by_the_ai_does_nothing(as_reader, factories, home, model):
    home.blind_first = True
    home.save()
    factories.screened(factories.study(home), 0.95)
    page = rows(as_reader, band="less_likely")
    (row,) = page["results"]
    assert (row["ai_hidden"], row["ai"]["band"]) == (True, "")
    assert datetime.fromisoformat(row["due_at"]) == datetime.fromisoformat(row["limit_at"])
    assert "likely" not in row["reason"]

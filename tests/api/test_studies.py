"""Studies by the API: the list, one study, and what staff do with it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from screening.models import Event, Screening
from screening.wording import RESEARCH_USE

ago = timedelta


def ids(answer):
    return [row["id"] for row in answer.json()["results"]]


def test_the_list_is_newest_first_and_of_ones_own_sites_alone(as_reader, factories, home, away):
    old, new = factories.study(home, ago=ago(hours=2)), factories.study(home, ago=ago(hours=1))
    factories.study(away)
    assert ids(as_reader.get("/api/v1/studies")) == [str(new.pk), str(old.pk)]


@pytest.mark.parametrize("number", range(4))
def test_a_filter_shows_what_fits_alone(as_reader, factories, home, model, number):
    wanted = factories.screened(factories.study(home, priority=0, ago=ago(hours=3)), 0.95)
    factories.screened(factories.study(home), 0.05)
    name, value = [("band", "likely"), ("priority", "stat"), ("site", "home"), ("received_until", wanted.received_at)][
        number
    ]
    if name == "received_until":
        value = (value + ago(seconds=1)).isoformat()
    found = ids(as_reader.get("/api/v1/studies", {name: value}))
    assert found[-1] == str(wanted.pk)
    assert len(found) == (2 if name == "site" else 1)


def test_a_filter_that_is_none_is_refused_by_its_name(as_reader):
    answer = as_reader.get("/api/v1/studies", {"patient_name": "x", "status": "screened"})
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["patient_name"]


def test_a_filter_by_another_site_finds_nothing(as_reader, factories, away):
    factories.study(away)
    assert ids(as_reader.get("/api/v1/studies", {"site": "away"})) == []


def test_pages_follow_one_another_without_a_gap(as_reader, factories, home):
    made = [str(factories.study(home, ago=ago(hours=hours)).pk) for hours in range(5)]
    page = as_reader.get("/api/v1/studies", {"size": 2})
    seen = ids(page)
    while page.json()["next"]:
        page = as_reader.get(page.json()["next"])
        seen += ids(page)
    assert seen == made


def test_a_cursor_of_somebody_elses_is_refused(as_reader):
    answer = as_reader.get("/api/v1/studies", {"cursor": "x"})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["cursor"])


def test_a_study_shows_score_band_model_and_the_sentence(as_reader, factories, home, model):
    study = factories.screened(factories.study(home), 0.9)
    answer = as_reader.get(f"/api/v1/studies/{study.pk}").json()
    assert answer["ai"]["probability"] == pytest.approx(0.9)
    assert (answer["ai"]["score"], answer["ai"]["band"], answer["ai"]["prevalence"]) == (90, "likely", 0.2)
    about = {"id": str(model.pk), "name": "stub", "version": "1", "sha256": model.sha256}
    assert answer["ai"]["model"] == about
    prediction = answer["images"][0]["predictions"][0]
    assert prediction["preprocess_version"] and prediction["model"]["sha256"] == model.sha256
    assert answer["ai"]["research_use"] == prediction["research_use"] == RESEARCH_USE


def test_every_row_with_a_score_has_the_model_and_the_sentence(as_reader, factories, home, model):
    factories.screened(factories.study(home), 0.9)
    row = as_reader.get("/api/v1/studies").json()["results"][0]["ai"]
    assert row["model"]["sha256"] == model.sha256 and row["research_use"] == RESEARCH_USE


def test_a_failed_screening_says_why(as_reader, factories, home, model):
    study = factories.failed(factories.study(home))
    answer = as_reader.get(f"/api/v1/studies/{study.pk}").json()
    assert (answer["status"], answer["ai"]["state"], answer["ai"]["words"]) == ("unscreened", "failed", "AI failed")
    screening = answer["images"][0]["screenings"][0]
    assert (screening["state"], screening["reason"]) == ("failed", "rendition_unreadable")


def test_looking_at_a_study_is_an_event(as_reader, reader, factories, home):
    study = factories.study(home)
    as_reader.get(f"/api/v1/studies/{study.pk}")
    assert Event.objects.filter(kind="view", study=study, actor=reader).count() == 1


def test_reads_are_for_those_who_may_see_findings(as_reader, as_sender, reader, factories, home, model):
    study = factories.read(factories.screened(factories.study(home)), reader, "present")
    read = as_reader.get(f"/api/v1/studies/{study.pk}").json()["reads"][0]
    assert (read["finding"], read["model"]["sha256"], read["research_use"]) == ("present", model.sha256, RESEARCH_USE)
    assert "reads" not in as_sender.get(f"/api/v1/studies/{study.pk}").json()


def test_a_study_of_another_site_and_none_at_all_get_the_same_answer(as_reader, factories, away):
    foreign = as_reader.get(f"/api/v1/studies/{factories.study(away).pk}")
    unknown = as_reader.get(f"/api/v1/studies/{uuid4()}")
    assert foreign.status_code == 404
    assert foreign.content == unknown.content


@pytest.mark.parametrize("address", ["/api/v1/studies", "/api/v1/worklist"])
def test_a_longer_list_asks_the_database_no_oftener(as_reader, factories, home, model, address):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            as_reader.get(address)
        return len(queries)

    factories.screened(factories.study(home))
    once = asked()
    for _ in range(3):
        factories.screened(factories.study(home))
    assert asked() == once


ACTS = ["claim", "release", "sign", "addenda", "priority", "withdraw", "restore", "retry"]


@pytest.mark.parametrize("act", ACTS)
def test_nobody_acts_on_a_study_of_another_site(by_token, factories, home, away, act):
    everything = factories.person(["radiologist", "technologist", "clinical_lead", "administrator"], home)
    study, events = factories.study(away), Event.objects.count()
    body = {"version": 1, "finding": "absent", "comment": "", "priority": "stat", "reason": "x"}
    assert by_token(everything).post(f"/api/v1/studies/{study.pk}/{act}", body).status_code == 404
    assert Event.objects.count() == events


def test_the_class_of_a_waiting_study_is_changed_with_a_reason(as_sender, factories, home):
    study = factories.study(home)
    answer = as_sender.post(f"/api/v1/studies/{study.pk}/priority", {"priority": "stat", "reason": "called"})
    assert answer.json()["priority"] == "stat"
    assert Event.objects.get(kind="priority").detail["reason"] == "called"


def test_a_class_that_is_none_is_refused_by_field(as_sender, factories, home):
    answer = as_sender.post(f"/api/v1/studies/{factories.study(home).pk}/priority", {"priority": "soon"})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["priority"])


def test_a_withdrawal_needs_a_reason_and_is_taken_back(as_sender, factories, home, model):
    address = f"/api/v1/studies/{factories.study(home).pk}"
    assert as_sender.post(f"{address}/withdraw", {}).status_code == 400
    assert as_sender.post(f"{address}/withdraw", {"reason": "wrong film"}).json()["status"] == "withdrawn"
    assert as_sender.post(f"{address}/restore").json()["status"] == "received"


def test_a_reader_does_not_withdraw(as_reader, factories, home):
    answer = as_reader.post(f"/api/v1/studies/{factories.study(home).pk}/withdraw", {"reason": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")


def test_a_failed_study_is_tried_again(as_sender, factories, home, model):
    study = factories.failed(factories.study(home))
    assert as_sender.post(f"/api/v1/studies/{study.pk}/retry").json()["status"] == "received"
    assert Screening.objects.get(image__study=study).state == "pending"


def test_a_study_that_has_not_failed_is_not_tried_again(as_sender, factories, home, model):
    assert as_sender.post(f"/api/v1/studies/{factories.study(home).pk}/retry").status_code == 403

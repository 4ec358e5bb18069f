"""The list of studies, one study's page, and what staff do with an unread one."""

import re
from datetime import timedelta

import pytest

from screening.models import Event, Priority, Screening, Study
from webportal.ai_card import share

S = Study.Status


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def shown(answer):
    return list(dict.fromkeys(re.findall(r'<a href="/studies/([0-9a-f-]{36})/">', answer.content.decode())))


def ids(*studies):
    return [str(study.pk) for study in studies]


@pytest.fixture
def technologist(as_person, sender):
    return as_person(sender)


@pytest.fixture
def radiologist(as_person, reader):
    return as_person(reader)


@pytest.fixture
def study(factories, home, model):
    return factories.study(home)


def test_the_list_shows_my_sites_newest_first(technologist, factories, home, away):
    old, new = factories.study(home, ago=timedelta(hours=1)), factories.study(home)
    factories.study(away)
    assert shown(technologist.get("/studies/")) == ids(new, old)


def test_a_withdrawn_study_is_found_under_its_own_filter_alone(technologist, factories, study, sender):
    factories.withdrawn(study, sender)
    assert shown(technologist.get("/studies/")) == []
    assert shown(technologist.get("/studies/?show=withdrawn")) == ids(study)


def test_the_list_goes_on_where_the_page_ended(technologist, factories, home, monkeypatch):
    monkeypatch.setattr("webportal.views.studies.PAGE_SIZE", 2)
    studies = [factories.study(home, ago=timedelta(minutes=n)) for n in range(5)]
    seen, address = [], "/studies/"
    while address:
        answer = technologist.get(address)
        seen += shown(answer)
        older = re.search(r'href="(\?show=all&amp;before=[^"]+)"', answer.content.decode())
        address = older and "/studies/" + older[1].replace("&amp;", "&")
    assert seen == ids(*studies)


@pytest.mark.parametrize("words", ["A-17", "p-7", "doe", "Doe, Jane"])
def test_a_search_finds_by_accession_id_or_name(technologist, factories, home, words):
    found = factories.study(home, accession="A-17", patient_id="P-7", patient_name="DOE^JANE")
    factories.study(home, accession="A-18", patient_id="P-8", patient_name="ROE^MAX")
    assert shown(technologist.post("/studies/", {"words": words})) == ids(found)


def test_a_search_never_finds_another_sites_patient(technologist, factories, away):
    factories.study(away, patient_id="P-7")
    answer = technologist.post("/studies/", {"words": "P-7"})
    assert shown(answer) == []
    assert "Nothing found" in text(answer)


def test_a_study_of_another_site_does_not_exist(factories, away, as_person, study):
    for person in (factories.radiologist(away), factories.technologist(away)):
        assert as_person(person).get(f"/studies/{study.pk}/").status_code == 404


def test_an_administrator_without_another_role_sees_no_film(factories, home, as_person, study):
    client = as_person(factories.administrator(home))
    assert client.get("/studies/").status_code == 403
    assert client.get(f"/studies/{study.pk}/").status_code == 403


def test_findings_are_hidden_from_those_who_send_films(technologist, radiologist, factories, study, reader):
    factories.read(study, reader, "present", "Lobar.")
    assert "Lobar." in text(radiologist.get(f"/studies/{study.pk}/"))
    page = text(technologist.get(f"/studies/{study.pk}/"))
    assert "Lobar." not in page
    assert "This study has been read" in page


def test_a_failed_film_says_how_to_go_on(radiologist, factories, study):
    factories.failed(study)
    page = text(radiologist.get(f"/studies/{study.pk}/"))
    assert "AI failed" in page
    assert "Try the AI again" in page


def test_a_film_outside_the_models_ages_says_which(radiologist, factories, home, model):
    adult = factories.screened(factories.study(home, age_years=61.0), 0.95)
    page = text(radiologist.get(f"/studies/{adult.pk}/"))
    assert "Outside the model&#x27;s ages (1 to 5 years)" in page
    assert "Uncertain" in page
    assert "score" not in page.split("Key")[0]


def test_a_changed_class_can_be_taken_back(technologist, study, sender):
    answer = technologist.post(f"/studies/{study.pk}/class", {"priority": 0}, follow=True)
    study.refresh_from_db()
    assert study.priority == Priority.STAT
    assert "Class changed from routine to stat. Undo" in text(answer)
    undo = re.search(r'name="priority" value="(\d)"', answer.content.decode())[1]
    technologist.post(f"/studies/{study.pk}/class", {"priority": undo})
    study.refresh_from_db()
    assert study.priority == Priority.ROUTINE
    assert Event.objects.filter(kind="priority", actor=sender).count() == 2


def test_a_read_study_has_no_class_to_change(technologist, factories, study, reader):
    factories.read(study, reader)
    assert technologist.post(f"/studies/{study.pk}/class", {"priority": 0}).status_code == 403


def test_a_technologist_withdraws_with_a_reason_and_takes_it_back(technologist, study, sender):
    answer = technologist.post(f"/studies/{study.pk}/withdraw", {"reason": "wrong patient"}, follow=True)
    study.refresh_from_db()
    assert study.status == S.WITHDRAWN
    assert "Withdrawn: the study is off the worklist. Undo" in text(answer)
    assert Event.objects.get(kind="withdraw").detail["reason"] == "wrong patient"
    technologist.post(f"/studies/{study.pk}/restore")
    study.refresh_from_db()
    assert study.status == S.RECEIVED
    assert Screening.objects.get().state == "pending"


def test_a_withdrawal_needs_a_reason(technologist, study):
    answer = technologist.post(f"/studies/{study.pk}/withdraw", {"reason": "  "}, follow=True)
    study.refresh_from_db()
    assert study.status == S.RECEIVED
    assert "Say in a word why" in text(answer)


def test_a_study_that_is_being_read_is_not_withdrawn(technologist, factories, study, reader):
    factories.claimed(study, reader)
    assert technologist.post(f"/studies/{study.pk}/withdraw", {"reason": "wrong patient"}).status_code == 403
    study.refresh_from_db()
    assert study.status == S.READING


def test_only_a_technologist_of_the_site_withdraws(factories, home, away, as_person, study):
    for person, status in ((factories.radiologist(home), 403), (factories.technologist(away), 404)):
        answer = as_person(person).post(f"/studies/{study.pk}/withdraw", {"reason": "wrong patient"})
        assert answer.status_code == status
    study.refresh_from_db()
    assert study.status == S.RECEIVED


def test_a_failed_film_is_tried_again_and_the_worker_is_rung_for(radiologist, factories, study, monkeypatch):
    rung = []
    monkeypatch.setattr("webportal.views.studies.dispatch.ring", rung.extend)
    factories.failed(study)
    radiologist.post(f"/studies/{study.pk}/retry")
    screening = Screening.objects.get()
    assert (screening.state, rung) == ("pending", [screening.pk])


def test_a_screened_film_has_nothing_to_try_again(radiologist, factories, study):
    factories.screened(study, 0.5)
    assert radiologist.post(f"/studies/{study.pk}/retry").status_code == 403


@pytest.mark.parametrize(
    ("ppv", "words"), [(0.71, "About 7 of 10"), (0.09, "About 9 of 100"), (0.004, "Fewer than 1 of 100")]
)
def test_a_share_is_said_as_people_weigh_it(ppv, words):
    assert share(ppv) == words

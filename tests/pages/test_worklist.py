"""The worklist page."""

import re
from datetime import timedelta

import pytest

from screening import worklist
from screening.models import Priority, Study
from tests import factories
from workers import heartbeat

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def client(as_person, reader):
    return as_person(reader)


def rows(answer):
    """The ids of the studies on the page, in order."""
    return re.findall(r'<tr id="s([0-9a-f-]{36})"', answer.content.decode())


def ids(*studies):
    return [str(study.pk) for study in studies]


def row(answer, study):
    """The words of one row."""
    html = answer.content.decode().split(f'id="s{study.pk}"')[1].split("</tr>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.split(">", 1)[1]))


def test_studies_stand_in_the_order_of_the_worklist(client, factories, home, model):
    less, likely = (factories.screened(factories.study(home), p) for p in (0.1, 0.95))
    stat = factories.study(home, priority=Priority.STAT)
    assert rows(client.get("/worklist/")) == ids(stat, likely, less)


def test_a_row_says_who_what_and_why(client, factories, home, model):
    known = factories.study(home, patient_name="DOE^JANE", patient_id="P-7", age_years=3.5, sex="F", synthetic=True)
    factories.screened(known, 0.93)
    text = row(client.get("/worklist/"), known)
    for words in ("ROUTINE", "Likely", "93", "Doe", "P-7", "3 y", ", F", "PA", "likely, score 93", "synthetic phantom"):
        assert words.lower() in text.lower()


def test_a_film_without_identity_says_so(client, factories, home):
    nobody = factories.study(home)
    assert "no identity" in row(client.get("/worklist/"), nobody)


def test_a_failed_film_stands_there_and_says_that_the_ai_failed(client, factories, home, model):
    failed = factories.failed(factories.study(home))
    assert "AI failed" in row(client.get("/worklist/"), failed)


def test_a_study_past_its_limit_is_marked_in_words(client, factories, home, model):
    late = factories.study(home, ago=timedelta(hours=9))
    assert "past the 8 h limit" in row(client.get("/worklist/"), late)


def test_a_study_of_another_reader_is_marked_and_cannot_be_claimed(client, factories, home):
    taken = factories.claimed(factories.study(home), factories.radiologist(home))
    text = row(client.get("/worklist/"), taken)
    assert "being read by another reader" in text
    assert "Claim" not in text


def test_my_own_study_is_there_to_go_on_with(client, factories, home, reader):
    mine = factories.claimed(factories.study(home), reader)
    assert "yours: continue" in row(client.get("/worklist/?mine=1"), mine)


def test_a_chip_counts_what_it_shows(client, factories, home, model):
    likely = factories.screened(factories.study(home), 0.9)
    pending = factories.study(home)
    answer = client.get("/worklist/?band=likely")
    assert rows(answer) == ids(likely)
    assert "AI pending 1" in answer.content.decode()
    assert rows(client.get("/worklist/?ai=pending")) == ids(pending)


def test_an_empty_worklist_says_what_comes(client):
    assert "All read" in client.get("/worklist/").content.decode()


def test_pages_cover_every_study_once_while_rows_change(client, factories, home, model, monkeypatch):
    monkeypatch.setitem(worklist.page.__kwdefaults__, "size", 3)
    studies = [factories.study(home, ago=timedelta(minutes=n)) for n in range(8)]
    seen, address = [], "/worklist/"
    while address:
        answer = client.get(address)
        seen += rows(answer)
        if len(seen) == 3:
            factories.screened(next(s for s in studies if str(s.pk) == seen[0]), 0.01)
        further = re.search(r'href="(\?after=[^"]+)"', answer.content.decode())
        address = further and "/worklist/" + further[1].replace("&amp;", "&")
    # The study that fell back is met again further down; none is missed.
    assert set(seen) == set(ids(*studies))
    assert len(seen) <= len(studies) + 1


def test_a_broken_page_link_leads_back_to_the_top(client):
    answer = client.get("/worklist/?after=nonsense", follow=True)
    assert answer.redirect_chain == [("/worklist/", 302)]
    assert "not valid any more" in answer.content.decode()


def test_the_poll_answers_the_part_that_changes_alone(client, factories, home):
    study = factories.study(home)
    answer = client.get("/worklist/", headers=FRAGMENT)
    assert rows(answer) == ids(study)
    assert "<html" not in answer.content.decode()


def test_the_strip_says_what_the_order_costs(client, factories, home, model):
    factories.screened(factories.study(home, ago=timedelta(hours=6, minutes=12)), 0.05)
    text = re.sub(r"<[^>]+>", "", client.get("/worklist/").content.decode())
    assert "Longest waiting less-likely study 6 h 12 m of 8 h" in text
    assert "Order due time, v2" in text


def test_without_a_model_worker_the_page_says_since_when_and_how_many(client, factories, home, model):
    factories.study(home)
    assert "AI offline" in client.get("/worklist/").content.decode()
    heartbeat.beat("worker", "model", loaded=[model.card_sha256])
    assert "AI offline" not in client.get("/worklist/").content.decode()


def test_a_worker_that_cannot_load_its_model_counts_as_offline(client, model):
    heartbeat.beat("worker", "model", problem="WeightsMismatch: the weights are not those of the card")
    text = client.get("/worklist/").content.decode()
    assert "AI offline" in text
    assert "WeightsMismatch" in text


def test_next_study_claims_the_top_and_opens_it(client, factories, home, reader):
    study = factories.study(home)
    assert client.post("/worklist/next").url == f"/studies/{study.pk}/"
    study.refresh_from_db()
    assert (study.status, study.claimed_by) == (Study.Status.READING, reader)


def test_two_readers_get_two_studies(factories, home, as_person, client):
    studies = [factories.study(home) for _ in range(2)]
    other = as_person(factories.radiologist(home))
    assert {client.post("/worklist/next").url, other.post("/worklist/next").url} == {
        f"/studies/{study.pk}/" for study in studies
    }


def test_next_study_on_an_empty_worklist_says_so(client):
    assert "No study is waiting" in client.post("/worklist/next", follow=True).content.decode()


def test_studies_of_other_sites_are_not_there(client, factories, away):
    factories.study(away)
    assert rows(client.get("/worklist/")) == []


def test_a_clinical_lead_looks_and_does_not_claim(factories, home, as_person):
    factories.study(home)
    lead = as_person(factories.person("clinical_lead", home))
    text = lead.get("/worklist/").content.decode()
    assert 'id="next"' not in text
    assert "Claim<" not in text
    assert lead.post("/worklist/next").status_code == 403


@pytest.mark.parametrize("role", ["technologist", "administrator"])
def test_others_do_not_see_the_worklist(factories, home, as_person, role):
    answer = as_person(factories.person(role, home)).get("/worklist/")
    assert answer.status_code == 403
    assert "Your roles do not allow this page" in answer.content.decode()


def test_the_page_asks_few_questions_however_many_studies(
    client, factories, home, model, django_assert_max_num_queries
):
    for n in range(12):
        factories.screened(factories.study(home, ago=timedelta(minutes=n)), n / 12)
    with django_assert_max_num_queries(10):
        client.get("/worklist/")


def test_a_score_of_an_older_model_names_it_and_one_of_the_active_model_is_named_by_the_foot(client, db):
    factories.active_model("old")
    site = factories.site()
    factories.screened(factories.study(site), 0.9)
    client.force_login(factories.radiologist(site))
    assert "stub old" not in client.get("/worklist/").content.decode().partition("<tbody")[2].partition("</tbody")[0]
    factories.active_model("new")
    assert "stub old" in client.get("/worklist/").content.decode().partition("<tbody")[2].partition("</tbody")[0]


def test_a_reader_without_a_site_is_told_so_and_not_that_all_is_read(factories, as_person, home):
    factories.study(home)
    page = as_person(factories.person("radiologist")).get("/worklist/").content.decode()
    assert "You belong to no site yet" in page and "All read" not in page

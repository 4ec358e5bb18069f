"""The worklist's filters, saved views, search, the clinical lead's switch, and sites where the finding comes first."""

import re
from datetime import time, timedelta

import pytest

from screening import reading, worklist
from screening.models import Event, Priority, SavedView, Site
from tests.pages.test_worklist import FRAGMENT, ids, row, rows


@pytest.fixture
def client(as_person, reader):
    return as_person(reader)


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode()))


def test_filters_combine(client, factories, home, away, reader, model):
    reader.sites.add(away)
    wanted = factories.screened(factories.study(home, priority=Priority.STAT), 0.9)
    for site, p, priority in [(home, 0.9, 2), (home, 0.1, 0), (away, 0.9, 0)]:
        factories.screened(factories.study(site, priority=Priority(priority)), p)
    assert rows(client.get("/worklist/?class=stat&band=likely&site=home")) == ids(wanted)
    assert len(rows(client.get("/worklist/?class=stat&band=likely"))) == 2


def test_each_filter_shows_its_own(client, factories, home, reader, model):
    failed = factories.failed(factories.study(home))
    late = factories.screened(factories.study(home, ago=timedelta(hours=9)), 0.5)
    taken = factories.claimed(factories.screened(factories.study(home), 0.9), factories.radiologist(home))
    mine = factories.claimed(factories.screened(factories.study(home), 0.1), reader)
    partly = factories.screened(factories.study(home, images=1), 0.2)
    factories.image(partly)
    assert rows(client.get("/worklist/?ai=failed")) == rows(client.get("/worklist/?ai=without_ai")) == ids(failed)
    assert rows(client.get("/worklist/?overdue=1")) == ids(late)
    assert rows(client.get("/worklist/?mine=1")) == ids(mine)
    assert rows(client.get("/worklist/?mine=1&band=likely")) == []
    assert rows(client.get("/worklist/?ai=partly")) == ids(partly)
    assert set(rows(client.get("/worklist/?unclaimed=1"))) == set(ids(failed, late, partly))
    assert rows(client.get("/worklist/?band=likely&ai=screened")) == ids(taken)


def test_a_filter_that_fits_nothing_is_left_out_and_said(client, factories, home, model):
    study = factories.study(home)
    answer = client.get("/worklist/?band=red&class=routine&site=elsewhere")
    assert rows(answer) == ids(study)
    assert "nothing fits it: band, site" in text(answer)


def test_the_address_holds_what_is_chosen_and_no_more(client, home):
    assert client.get("/worklist/?class=stat&site=&band=&ai=").url == "/worklist/?class=stat"


def test_a_page_of_a_choice_leads_to_the_next_of_it(client, factories, home, model, monkeypatch):
    monkeypatch.setitem(worklist.page.__kwdefaults__, "size", 2)
    studies = [factories.screened(factories.study(home, ago=timedelta(minutes=9 - n)), 0.9) for n in range(3)]
    factories.screened(factories.study(home), 0.1)
    answer = client.get("/worklist/?band=likely")
    further = re.search(r'href="(\?band=likely&amp;after=[^"]+)"', answer.content.decode())[1].replace("&amp;", "&")
    assert rows(answer) + rows(client.get(f"/worklist/{further}")) == ids(*studies)


# Saved views.


def save(client, name, query, **more):
    return client.post("/views/", {"name": name, "query": query}, **more)


def test_filters_are_kept_under_a_name_and_picked(client, factories, home, reader, model):
    assert save(client, "Night", "class=stat&band=likely&after=x&fun=1").url == "/worklist/?class=stat&band=likely"
    view = SavedView.objects.get(user=reader)
    assert (view.name, view.query) == ("Night", "class=stat&band=likely")
    assert 'href="?class=stat&amp;band=likely"' in client.get("/worklist/").content.decode()


def test_a_view_under_the_same_name_takes_its_place(client, reader):
    save(client, "Night", "class=stat")
    save(client, "Night", "band=likely")
    assert [view.query for view in SavedView.objects.all()] == ["band=likely"]


@pytest.mark.parametrize(
    ("name", "query", "said"), [("", "class=stat", "Give the view a name"), ("All", "fun=1", "Choose a filter first")]
)
def test_a_view_without_a_name_or_a_filter_is_not_kept(client, name, query, said):
    assert said in text(save(client, name, query, follow=True))
    assert not SavedView.objects.exists()


def test_twenty_views_are_kept_and_no_more(client, reader):
    SavedView.objects.bulk_create(SavedView(user=reader, name=str(n), query="mine=1") for n in range(20))
    assert "delete one first" in text(save(client, "one more", "class=stat", follow=True))
    assert SavedView.objects.count() == 20


def test_a_view_is_deleted_and_the_undo_brings_it_back(client, reader):
    save(client, "Night", "class=stat")
    page = client.post(f"/views/{SavedView.objects.get().pk}/delete", follow=True).content.decode()
    assert not SavedView.objects.exists()
    undo = page[page.index("deleted.") :]
    fields = dict(re.findall(r'name="(name|query)" value="([^"]+)"', undo)[:2])
    client.post("/views/", fields)
    assert SavedView.objects.get(user=reader).query == "class=stat"


def test_views_are_ones_own(client, as_person, factories, home):
    save(client, "Night", "class=stat")
    other = as_person(factories.radiologist(home))
    assert "Night" not in other.get("/worklist/").content.decode()
    assert other.post(f"/views/{SavedView.objects.get().pk}/delete").status_code == 404


# Search.


def test_a_search_finds_waiting_studies_by_accession_or_patient_in_order(client, factories, home, away, model):
    late = factories.study(home, patient_id="Ab-7", ago=timedelta(minutes=5))
    likely = factories.screened(factories.study(home, accession="ab-99"), 0.9)
    factories.study(home, patient_id="XAB-7"), factories.study(away, patient_id="AB-7")
    factories.read(factories.study(home, patient_id="AB-1"), factories.radiologist(home))
    answer = client.post("/worklist/", {"words": " AB- "})
    assert rows(answer) == ids(likely, late)
    assert "2 waiting studies" in text(answer) and "Search all studies" in text(answer)


def test_a_search_that_finds_nothing_says_so_and_offers_all_studies(client, home):
    answer = client.post("/worklist/", {"words": "100%_\x00"})
    assert "No waiting study has an accession or patient ID that begins with “100%_”" in text(answer)
    assert '<input type="hidden" name="words" value="100%_">' in answer.content.decode()


def test_a_search_with_more_than_it_shows_says_so(client, factories, home, monkeypatch):
    monkeypatch.setattr("screening.worklist.FOUND", 2)
    for number in range(3):
        factories.study(home, images=0, patient_id=f"P{number}")
    answer = client.post("/worklist/", {"words": "p"})
    assert len(rows(answer)) == 2
    assert "there are more, type more of it" in text(answer)


# The strip.


def test_a_list_that_is_past_its_limits_says_what_to_do(client, factories, home):
    for n in range(20):
        factories.study(home, images=0, ago=timedelta(hours=9 if n < 2 else 0))
    assert "10 % of the waiting studies are past their limit" in text(client.get("/worklist/"))
    home.studies.order_by("received_at").first().delete()
    factories.study(home, images=0), factories.study(home, images=0)
    assert "become first come" not in text(client.get("/worklist/"))


def test_a_closed_site_says_when_reading_resumes(client, factories, home):
    home.opens, home.closes, home.reading_days = time(0), time(0, 1), [0]
    home.save()
    if "reading resumes" not in text(client.get("/worklist/")):
        pytest.skip("it is the one minute of the week")
    home.closes, home.reading_days = time(0), list(range(7))
    home.save()
    assert "reading resumes" not in text(client.get("/worklist/"))


# The clinical lead's switch.


@pytest.fixture
def lead(as_person, factories, home):
    return as_person(factories.person("clinical_lead", home))


def test_the_clinical_lead_switches_the_ai_order_off_and_on(lead, client, factories, home, model):
    first = factories.screened(factories.study(home, ago=timedelta(minutes=5)), 0.05)
    likely = factories.screened(factories.study(home), 0.95)
    page = lead.post(f"/sites/{home.pk}/order", {"on": "0"}, follow=True)
    assert "first come, first served" in text(page) and ">Undo<" in page.content.decode()
    assert rows(client.get("/worklist/")) == ids(first, likely)
    assert f"AI order off at {home}" in text(client.get("/worklist/"))
    lead.post(f"/sites/{home.pk}/order", {"on": "1"})
    assert rows(client.get("/worklist/")) == ids(likely, first)
    assert [event.detail for event in Event.objects.filter(kind="ai_order", site=home)] == [{"on": False}, {"on": True}]


def test_nobody_else_switches_it_and_no_other_site(lead, client, as_person, factories, home, away):
    for other in (client, as_person(factories.administrator(home))):
        assert other.post(f"/sites/{home.pk}/order", {"on": "0"}).status_code == 403
    assert lead.post(f"/sites/{away.pk}/order", {"on": "0"}).status_code == 404
    assert "Say whether" in text(lead.post(f"/sites/{home.pk}/order", {"on": "maybe"}, follow=True))
    assert set(Site.objects.values_list("ai_order", flat=True)) == {True}
    assert not Event.objects.filter(kind="ai_order").exists()


# Where the finding comes first.


@pytest.fixture
def blind(home):
    home.blind_first = True
    home.save()
    return home


def test_rows_of_a_blind_site_say_nothing_of_what_the_ai_says(client, factories, blind, model):
    less, likely = (factories.screened(factories.study(blind), p) for p in (0.07, 0.93))
    for headers in ({}, FRAGMENT):
        page = client.get("/worklist/", headers=headers).content.decode()
        listed = page[page.index("<tbody>") : page.index("</tbody>")].lower()
        for telling in ("likely", "uncertain", "score", f"{likely.due_at:%H:%M:%S.%f}"):
            assert telling not in listed
    answer = client.get("/worklist/")
    assert rows(answer) == ids(likely, less)
    assert "after your finding" in row(answer, likely)
    assert "Longest waiting less-likely" not in text(answer)


def test_filters_by_the_ai_are_not_offered_there_and_do_nothing(client, factories, blind, model):
    likely, less = (factories.screened(factories.study(blind), p) for p in (0.93, 0.07))
    answer = client.get("/worklist/?band=less_likely&ai=screened")
    assert rows(answer) == ids(likely, less)
    assert 'name="band"' not in answer.content.decode()
    assert 'href="?band=' not in answer.content.decode()


def test_beside_an_open_site_its_studies_are_in_no_choice_by_the_ai(client, factories, blind, away, reader, model):
    reader.sites.add(away)
    factories.screened(factories.study(blind), 0.9)
    shown = factories.screened(factories.study(away), 0.9)
    answer = client.get("/worklist/?band=likely")
    assert rows(answer) == ids(shown)
    assert "Likely 1" in text(answer)
    assert f"Not in this choice: {blind}" in text(answer)


def test_a_committed_finding_shows_the_row_what_the_ai_says(client, factories, blind, reader, model):
    study = factories.claimed(factories.screened(factories.study(blind), 0.93), reader)
    assert "score 93" not in row(client.get("/worklist/"), study)
    reading.save_draft(study, reader, {"finding": "absent"})
    reading.show_ai(study, reader)
    assert "Likely score 93" in row(client.get("/worklist/"), study)


def test_who_does_not_read_sees_what_the_ai_says_at_once(lead, factories, blind, model):
    study = factories.screened(factories.study(blind), 0.93)
    assert "likely, score 93" in row(lead.get("/worklist/"), study)
    assert rows(lead.get("/worklist/?band=likely")) == ids(study)

"""The results page: for whom, of which site and days, and what leaves with it."""

import re

import pytest

from screening import results
from screening.models import Event, Role


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
def clerk(factories, home):
    return factories.person(Role.RESULTS, home)


@pytest.fixture
def client(as_person, clerk):
    return as_person(clerk)


@pytest.fixture
def study(factories, home, model, reader):
    study = factories.study(home, accession="A-17", patient_name="DOE^JANE", patient_id="P-7")
    return factories.read(factories.screened(study, 0.93), reader, "absent", "Clear lungs.")


def test_a_day_shows_who_was_found_what_by_whom_and_what_the_ai_had_said(client, study, model, reader):
    page = text(client.get("/results/"))
    for words in ("A-17", "Doe", "Absent", "Clear lungs.", reader.username, "Likely", "93", str(model), "Research use"):
        assert words.lower() in page.lower(), words


def test_a_correction_is_what_counts(client, factories, study, reader):
    from screening import reading

    reading.addend(study, reader, finding="present", side="left", urgent="free air", told_to="duty doctor")
    page = text(client.get("/results/"))
    assert "Present , left" in page and "corrected" in page
    assert "free air Told to duty doctor" in page and "1 with another urgent finding" in page
    assert "Absent" not in page


def test_whose_it_is(factories, home, as_person, study, reader):
    people = {
        200: [factories.person(Role.CLINICAL_LEAD, home), factories.person([Role.RADIOLOGIST, Role.RESULTS], home)],
        403: [reader, factories.technologist(home), factories.administrator(home)],
    }
    for status, asked in people.items():
        for person in asked:
            assert as_person(person).get("/results/").status_code == status
            assert as_person(person).get("/results/csv").status_code == status


def test_another_site_does_not_exist(client, away, study):
    assert client.get("/results/?site=away").status_code == 404
    assert client.get("/results/csv?site=away").status_code == 404


def test_who_has_the_role_alone_begins_here_and_sees_no_film(client, study):
    assert client.get("/", follow=True).redirect_chain == [("/results/", 302)]
    page = client.get("/results/").content.decode()
    assert 'href="/results/"' in page
    assert f"/studies/{study.pk}" not in page and "/images/" not in page
    assert client.get(f"/studies/{study.pk}/").status_code == 403
    assert client.get(f"/images/{study.images.get().pk}/thumb").status_code == 403


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("first=2026-03-02&last=2026-03-01", "before the first"),
        ("first=2026-01-01&last=2026-03-01", "31 days at most"),
        ("first=yesterday", "as dates"),
        ("first=9999-12-31", "this century"),
    ],
)
def test_days_that_cannot_be_get_a_sentence(client, study, asked, words):
    for address in ("/results/", "/results/csv"):
        answer = client.get(f"{address}?{asked}")
        assert answer.status_code == 400 and words in answer.content.decode()
    assert not Event.objects.filter(kind="results").exists()


def test_an_empty_day_says_so(client, study):
    assert "Nothing was signed" in text(client.get("/results/?first=2020-01-01"))


def test_the_demo_phantoms_are_marked(client, factories, home, model, reader):
    factories.read(factories.study(home, synthetic=True), reader)
    assert "synthetic phantom" in text(client.get("/results/"))
    assert "synthetic phantom" in b"".join(client.get("/results/csv").streaming_content).decode()


def test_list_print_and_csv_leave_their_events_and_no_patient_in_the_address(client, clerk, home, study):
    day = results.today(home).isoformat()
    page = client.get("/results/").content.decode()
    links = re.findall(r'href="([^"]*first=[^"]*)"', page)
    assert len(links) == 2 and not any("A-17" in each or "P-7" in each for each in links)
    client.get(f"/results/?first={day}&print=1")
    csv = client.get("/results/csv")
    assert b"A-17" in b"".join(csv.streaming_content)
    assert csv["Content-Disposition"] == f'attachment; filename="results-home-{day}-{day}.csv"'
    events = Event.objects.filter(kind="results", actor=clerk, site=home).order_by("id")
    assert [event.detail["how"] for event in events] == ["list", "print", "csv"]
    assert "DOE" not in str([event.detail for event in events])


def test_without_a_site_the_page_says_who_gives_one(factories, as_person):
    client = as_person(factories.person(Role.RESULTS))
    assert "An administrator gives you your sites" in text(client.get("/results/"))
    assert client.get("/results/csv").status_code == 404


def test_an_administrator_can_give_the_role(factories, as_person, home):
    page = as_person(factories.administrator()).get("/users/new").content.decode()
    assert 'value="results"' in page

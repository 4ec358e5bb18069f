"""Finding before score, at every door: what a reader of a blind-first site is not told, and what comes after."""

import re

import pytest

from screening.models import Draft, Job, Read, Study

TELLS = re.compile(r"Likely pneumonia|>Likely<|\blikely\b|score|(?<!\d)0\.9\d*|\b93\b", re.IGNORECASE)


@pytest.fixture
def home(factories):
    return factories.site("home", blind_first=True)


@pytest.fixture
def client(as_person, reader):
    return as_person(reader)


@pytest.fixture
def study(factories, home, model, reader):
    batch = factories.batch(home, reader)
    return factories.screened(factories.study(home, batch=batch, patient_id="P-1"), 0.93)


def main(answer):
    """The page's own part: the foot says how the order works, and names no study."""
    text = answer.content.decode()
    found = re.search(r"<main.*?</main>", text, re.DOTALL)
    return found[0] if found else text


def post(client, study, what, **fields):
    return client.post(f"/studies/{study.pk}/{what}", {"version": study.version, **fields}, follow=True)


@pytest.mark.parametrize("door", ["page", "ai", "quiet", "studies", "batch"])
def test_no_page_tells_a_reader_before_the_finding(client, factories, study, reader, door):
    factories.claimed(study, reader)
    address = {
        "page": f"/studies/{study.pk}/",
        "ai": f"/studies/{study.pk}/ai",
        "quiet": f"/studies/{study.pk}/ai?quiet=1",
        "studies": "/studies/",
        "batch": f"/batches/{study.batch_id}/",
    }[door]
    answer = client.get(address)
    assert answer.status_code == 200
    assert not TELLS.search(main(answer)), TELLS.search(main(answer))


@pytest.mark.parametrize("role", ["technologist", "clinical_lead"])
def test_who_does_not_read_is_told(factories, home, as_person, study, role):
    assert "score 93" in as_person(factories.person(role, home)).get(f"/studies/{study.pk}/").content.decode()


def test_the_receipts_say_nothing_of_the_score(client, factories, study, home):
    image = study.images.get()
    study.batch.receipts.create(name="a.png", size=1, outcome="accepted", study=study, image=image)
    address = f"/api/v1/batches/{study.batch_id}/receipts.csv"
    lines = b"".join(client.get(address).streaming_content).decode()
    assert "a.png" in lines and "Likely" not in lines and ",93," not in lines


def test_where_the_model_looked_is_not_drawn_and_not_given(client, study, model):
    image = study.images.get()
    answer = client.post(f"/images/{image.pk}/explain")
    assert "once you have chosen a finding" in answer.content.decode()
    assert not Job.objects.exists()
    job = Job.objects.create(kind="explain", image=image, model_version=model, state="done", file="explanations/x.png")
    assert client.get(f"/explanations/{job.pk}").status_code == 404


def test_a_changed_band_is_not_listed(client, factories, study, model):
    newer = factories.active_model("2")
    factories.screened(study, 0.1)
    rows = f"/models/changed?a={model.pk}&b={newer.pk}"
    assert str(study.pk) not in client.get(rows).content.decode()
    assert client.get(rows).status_code == 200


def test_the_ai_is_shown_after_a_finding_and_the_finding_may_change(client, factories, study, reader):
    factories.claimed(study, reader)
    refused = post(client, study, "show-ai", comment="hm").content.decode()
    assert "Choose a finding first" in refused and not TELLS.search(refused)
    shown = post(
        client, study, "show-ai", finding="absent", comment="hm", seen=Draft.objects.get().saved_at.isoformat()
    )
    assert "score 93" in shown.content.decode()
    assert "score 93" in client.get(f"/studies/{study.pk}/").content.decode()
    post(client, study, "sign", finding="present", seen=Draft.objects.get().saved_at.isoformat())
    read = Read.objects.get()
    assert (read.finding, read.blind_finding) == ("present", "absent")
    assert "Before the AI was shown: absent" in client.get(f"/studies/{study.pk}/").content.decode()


def test_after_showing_the_page_listens_for_what_it_shows_now(client, factories, study, reader):
    factories.claimed(study, reader)
    shown = post(client, study, "show-ai", finding="absent").content.decode()
    poll = re.search(r'id="news"[^>]*hx-swap-oob[^>]*hx-get="([^"]+)"', shown)[1].replace("&amp;", "&")
    assert client.get(poll).status_code == 204


def test_the_due_time_which_follows_from_the_score_gives_way_to_the_limit(client, factories, study, reader):
    page = client.get(f"/studies/{study.pk}/").content.decode()
    assert study.cap_at.isoformat()[:16] in page
    assert study.due_at.isoformat()[:16] not in page


@pytest.fixture
def unlike(factories, home, model, reader):
    """A film outside the domain, sent by the reader: where the AI stands says its band."""
    study = factories.study(home, batch=factories.batch(home, reader))
    factories.screened(study, 0.93)
    Study.objects.filter(pk=study.pk).update(ai_state="outside_domain", band="uncertain", probability=None)
    image = study.images.get()
    study.batch.receipts.create(name="a.png", size=1, outcome="accepted", study=study, image=image)
    return study


def test_neither_page_nor_receipts_say_before_the_finding_that_a_film_is_unlike_those_learned_from(client, unlike):
    batch = f"/api/v1/batches/{unlike.batch_id}"
    said = {
        "page": client.get(f"/batches/{unlike.batch_id}/").content,
        "receipts": client.get(f"{batch}/receipts").content,
        "table": b"".join(client.get(f"{batch}/receipts.csv").streaming_content),
    }
    for door, words in said.items():
        assert b"a.png" in words and b"unlike" not in words, door


def test_the_bands_of_a_batch_are_left_out_and_not_zero(client, unlike, as_person, factories, home):
    address = f"/api/v1/batches/{unlike.batch_id}"
    assert client.get(address).json()["progress"]["bands"] == {}
    seen = as_person(factories.technologist(home)).get(address).json()["progress"]["bands"]
    assert seen["uncertain"] == 1

"""The upload page and the batch page, as a browser without script sees them."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from screening import keeping, wording
from screening.models import Batch, Job, Priority, Role
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401


@pytest.fixture(autouse=True)
def sending(media, model, home, monkeypatch):  # noqa: F811
    from workers import dispatch

    monkeypatch.setattr(dispatch, "ring", lambda ids: None)
    monkeypatch.setattr(dispatch, "ring_for_job", lambda job: None)


@pytest.fixture
def client(as_person, sender):
    return as_person(sender)


def send(client, site, *files, **fields):
    form = {"site": site.code, "priority": "2", **fields}
    form["file"] = [SimpleUploadedFile(name, data) for name, data in files]
    return client.post("/upload/", form)


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.TECHNOLOGIST, 200), (Role.RADIOLOGIST, 200), (Role.CLINICAL_LEAD, 403), (Role.ADMINISTRATOR, 403)],
)
def test_technologists_and_radiologists_may_send(as_person, factories, home, role, status):
    assert as_person(factories.person(role, home)).get("/upload/").status_code == status


def test_the_pages_need_no_inline_code_or_style_and_carry_the_sentence(client, home):
    send(client, home, ("a.jpg", films.jpeg()))
    for address in ("/upload/", f"/batches/{Batch.objects.get().pk}/"):
        found = text(client.get(address))
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|<style", found)
        assert wording.RESEARCH_USE in found


def test_the_form_sends_many_files_into_one_batch_and_shows_it(client, home, sender):
    answer = send(client, home, ("a.jpg", films.jpeg()), ("b.jpg", films.truncated_jpeg()), priority="0", name="Ward C")
    batch = Batch.objects.get()
    assert answer["Location"] == f"/batches/{batch.pk}/"
    assert (batch.priority, batch.name, batch.uploaded_by, batch.source) == (Priority.STAT, "Ward C", sender, "page")
    found = text(client.get(answer["Location"]))
    assert "Ward C" in found
    assert "The file ends before the picture does" in found


def test_a_zip_by_the_form_is_kept_for_the_worker(client, home):
    answer = send(client, home, ("cd.zip", films.archive({"a.jpg": films.jpeg()})))
    assert Job.objects.get().state == "pending"
    assert "is being unpacked" in text(client.get(answer["Location"]))


def test_a_reader_who_sends_one_film_is_taken_to_its_study(as_person, reader, home):
    answer = send(as_person(reader), home, ("a.jpg", films.jpeg()))
    assert answer["Location"] == f"/studies/{Batch.objects.get().studies.get().pk}/"


def test_a_reader_whose_film_was_refused_sees_why(as_person, reader, home):
    answer = send(as_person(reader), home, ("a.jpg", films.truncated_jpeg()))
    assert answer["Location"] == f"/batches/{Batch.objects.get().pk}/"


def test_without_a_file_the_form_says_so_and_makes_no_batch(client, home):
    assert "Choose at least one file" in text(send(client, home))
    assert not Batch.objects.exists()


def test_into_another_site_nothing_is_sent(client, away):
    assert send(client, away, ("a.jpg", films.jpeg())).status_code == 200
    assert not Batch.objects.exists()


def test_a_full_disk_is_said_on_the_page(client, home, monkeypatch):
    monkeypatch.setattr(keeping, "_sync", lambda name: (_ for _ in ()).throw(OSError(28, "No space left")))
    answer = send(client, home, ("a.jpg", films.jpeg()))
    assert answer.status_code == 507
    assert "The storage is full" in text(answer)


def test_a_batch_of_another_site_is_not_there(client, factories, away):
    assert client.get(f"/batches/{factories.batch(away).pk}/").status_code == 404


def test_a_batch_is_polled_until_it_is_settled(client, home, factories):
    send(client, home, ("a.jpg", films.jpeg()))
    batch = Batch.objects.get()
    assert "hx-trigger" in text(client.get(f"/batches/{batch.pk}/"))
    factories.screened(batch.studies.get(), 0.9)
    fragment = text(client.get(f"/batches/{batch.pk}/", headers={"HX-Request": "true"}))
    assert "hx-trigger" not in fragment
    assert "<html" not in fragment
    assert "Likely" in fragment


def test_the_receipts_are_paged_and_narrowed_by_outcome_and_reason(client, home, factories):
    from screening import intake

    batch = factories.batch(home)
    for number in range(60):
        intake.refuse(batch, f"{number}.jpg", "too_large" if number else "encrypted")
    page = f"/batches/{batch.pk}/"
    assert "1 to 50 of 60" in text(client.get(page))
    assert "51 to 60 of 60" in text(client.get(f"{page}?page=2"))
    assert "51 to 59 of 59" in text(client.get(f"{page}?page=9&reason=too_large"))
    only = text(client.get(f"{page}?reason=encrypted"))
    assert "0.jpg" in only
    assert "1.jpg" not in only


def test_a_hostile_name_is_escaped(client, home):
    answer = send(client, home, ("<script>alert(1)<.jpg", films.jpeg()), ("b.jpg", b"x"))
    assert "<script>alert" not in text(client.get(answer["Location"]))


def test_a_demo_site_is_never_the_first_choice(client, sender, factories):
    sender.sites.add(factories.site("a-demo", demo=True))
    options = re.findall(r'<option value="([^"]+)"', text(client.get("/upload/")))
    assert options[-1] == "a-demo"
    assert "synthetic phantoms only" in text(client.get("/upload/"))


def test_a_user_without_a_site_is_told_so(as_person, factories):
    assert "You belong to no site yet" in text(as_person(factories.technologist()).get("/upload/"))

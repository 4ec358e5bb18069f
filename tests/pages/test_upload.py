"""The upload page and the batch page, as a browser without script sees them."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from screening import keeping, wording
from screening.models import Batch, Image, Job, Priority, Role, Study
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


def test_a_hostile_name_is_escaped(client, home):
    answer = send(client, home, ("<script>alert(1)<.jpg", films.jpeg()), ("b.jpg", b"x"))
    assert "<script>alert" not in text(client.get(answer["Location"]))


def test_the_form_says_the_age_where_the_files_do_not(client, home):
    send(client, home, ("a.jpg", films.jpeg()), age_group="1_to_5")
    assert Batch.objects.get().age_group == "1_to_5"


def test_the_form_may_look_first(client, home):
    answer = send(client, home, ("a.jpg", films.jpeg()), ("b.jpg", films.truncated_jpeg()), dry_run="yes")
    assert Batch.objects.get().state == "trial"
    assert not Image.objects.exists()
    assert "Of 2 files: 1 new, 1 unreadable." in text(client.get(answer["Location"]))


def test_a_manifest_in_the_form_is_read_before_the_films_and_its_faults_are_told(client, home):
    table = b"file,accession,priority\na.jpg,A-1,stat\nb.jpg,A-2,soon\n"
    answer = send(client, home, ("a.jpg", films.jpeg()), ("manifest.csv", table))
    study = Study.objects.get()
    assert (study.accession, study.priority) == ("A-1", Priority.STAT)
    assert "manifest.csv: Row 3" in text(client.get(answer["Location"]))


def test_above_the_quota_the_form_says_so_and_makes_no_batch(client, home, sender):
    home.daily_files_a_user = 1
    home.save()
    send(client, home, ("a.jpg", films.jpeg(1)))
    answer = send(client, home, ("b.jpg", films.jpeg(2)))
    assert answer.status_code == 429
    assert Batch.objects.count() == 1


def test_what_was_taken_before_the_quota_ended_is_shown(client, home):
    home.daily_files_a_user = 1
    home.save()
    answer = send(client, home, ("a.jpg", films.jpeg(1)), ("b.jpg", films.jpeg(2)))
    assert "1 of 2 files were sent." in text(client.get(answer["Location"]))


def test_earlier_batches_say_their_state_and_how_many_files_they_have(client, factories, home, sender):
    batch = factories.batch(home, by=sender)
    Batch.objects.filter(pk=batch.pk).update(state="cancelled")
    assert re.search(r"0 files</span> .*cancelled", text(client.get("/upload/")))


def test_a_demo_site_is_never_the_first_choice(client, sender, factories):
    sender.sites.add(factories.site("a-demo", demo=True))
    options = re.findall(r'<option value="([^"]+)"', text(client.get("/upload/")))
    assert options[-1] == "a-demo"
    assert "synthetic phantoms only" in text(client.get("/upload/"))


def test_a_user_without_a_site_is_told_so(as_person, factories):
    assert "You belong to no site yet" in text(as_person(factories.technologist()).get("/upload/"))

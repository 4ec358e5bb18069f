"""Pictures: served through the permission check alone, and where the model looked on demand."""

import re

import pytest
from django.core.files.base import ContentFile

from screening.models import Event, Job


@pytest.fixture
def client(as_person, reader):
    return as_person(reader)


@pytest.fixture
def image(factories, home, model):
    return factories.screened(factories.study(home), 0.9).images.get()


@pytest.fixture
def rung(monkeypatch):
    jobs = []
    monkeypatch.setattr("webportal.views.images.dispatch.ring_for_job", jobs.append)
    return jobs


def fetch(client, image, rendition):
    answer = client.get(f"/images/{image.pk}/{rendition}")
    if answer.status_code == 200 and answer.streaming:
        answer.body = b"".join(answer.streaming_content)
    return answer


@pytest.mark.parametrize("rendition", ["viewing", "model"])
def test_a_rendition_is_served_as_it_is_stored_and_never_kept_by_the_browser(client, image, rendition):
    answer = fetch(client, image, rendition)
    field = image.viewing if rendition == "viewing" else image.model_input
    with field.open("rb") as stored:
        assert answer.body == stored.read()
    assert answer["Content-Type"] == "image/png"
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("private, no-store", "nosniff")


def test_a_thumbnail_is_small_and_private(client, image):
    answer = fetch(client, image, "thumb")
    assert len(answer.content) < 10_000
    assert answer["Cache-Control"].startswith("private")


def test_an_unknown_rendition_and_a_missing_file_are_not_found(client, image):
    assert fetch(client, image, "original").status_code == 404
    image.viewing.storage.delete(image.viewing.name)
    assert fetch(client, image, "viewing").status_code == 404


def test_only_those_who_see_the_site_see_the_film(factories, home, away, as_person, image):
    expected = [
        (factories.radiologist(home), 200),
        (factories.technologist(home), 200),
        (factories.person("clinical_lead", home), 200),
        (factories.radiologist(away), 404),
        (factories.administrator(home), 403),
    ]
    for person, status in expected:
        assert fetch(as_person(person), image, "viewing").status_code == status


def test_a_stranger_gets_no_film(db, image):
    from django.test import Client

    assert Client().get(f"/images/{image.pk}/viewing").status_code == 302


def test_asking_where_the_model_looked_is_an_event_and_one_job(client, image, model, reader, rung):
    for _ in range(2):
        assert "Drawing where the model looked" in client.post(f"/images/{image.pk}/explain").content.decode()
    job = Job.objects.get()
    assert (job.kind, job.image, job.model_version, job.state) == ("explain", image, model, "pending")
    assert rung == [job, job]
    assert Event.objects.filter(kind="explain", actor=reader).count() == 2


def test_the_page_gets_the_picture_when_it_is_drawn(client, image, rung):
    client.post(f"/images/{image.pk}/explain")
    job = Job.objects.get()
    assert 'hx-trigger="every 1s"' in client.get(f"/images/{image.pk}/explain").content.decode()
    job.file.save("explanations/one.png", ContentFile(b"picture"), save=False)
    Job.objects.filter(pk=job.pk).update(state="done", file=job.file.name)
    fragment = client.get(f"/images/{image.pk}/explain").content.decode()
    address = re.search(r'data-picture="([^"]+)"', fragment)[1]
    assert "not where disease is" in fragment
    assert b"".join(client.get(address).streaming_content) == b"picture"


def test_a_drawing_that_failed_says_why_and_may_be_asked_again(client, image, rung):
    client.post(f"/images/{image.pk}/explain")
    Job.objects.update(state="failed", error_sentence="The film cannot be read.")
    assert "The film cannot be read." in client.get(f"/images/{image.pk}/explain").content.decode()
    client.post(f"/images/{image.pk}/explain")
    assert Job.objects.get().state == "pending"


def test_a_lateral_film_has_no_look_to_draw(client, factories, home, model, rung):
    lateral = factories.study(home, view="LATERAL", gate="lateral").images.get()
    assert "The AI is not applied" in client.post(f"/images/{lateral.pk}/explain").content.decode()
    assert not Job.objects.exists()


def test_another_sites_look_does_not_exist(factories, away, as_person, client, image, rung):
    client.post(f"/images/{image.pk}/explain")
    job = Job.objects.get()
    job.file.save("explanations/two.png", ContentFile(b"picture"), save=False)
    Job.objects.filter(pk=job.pk).update(state="done", file=job.file.name)
    stranger = as_person(factories.radiologist(away))
    assert stranger.get(f"/explanations/{job.pk}").status_code == 404
    assert stranger.post(f"/images/{image.pk}/explain").status_code == 404


def views(reader):
    return Event.objects.filter(kind="view", actor=reader).count()


def test_a_film_fetched_by_its_own_address_leaves_one_event_and_a_thumbnail_none(client, image, reader):
    fetch(client, image, "thumb")
    assert views(reader) == 0
    fetch(client, image, "viewing")
    fetch(client, image, "model")
    assert views(reader) == 1


def test_a_film_that_the_studys_page_shows_leaves_no_second_event(client, image, reader):
    client.get(f"/studies/{image.study_id}/")
    fetch(client, image, "viewing")
    assert views(reader) == 1

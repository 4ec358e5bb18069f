"""Pictures: served through the permission check alone, and where the model looked on demand."""

import io
import re

import numpy as np
import pytest
from django.core import signing
from django.core.files.base import ContentFile
from PIL import Image as Picture

from screening import ahead
from screening.models import Event, Job, Study
from tests.factories import film_bytes


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


def fetch(client, image, rendition, headers=None):
    answer = client.get(f"/images/{image.pk}/{rendition}", headers=headers)
    if answer.status_code == 200 and answer.streaming:
        answer.body = b"".join(answer.streaming_content)
    return answer


@pytest.mark.parametrize(("rendition", "kept"), [("viewing", "private, max-age=300"), ("model", "private, no-store")])
def test_a_rendition_is_served_as_it_is_stored_and_not_kept_for_long(client, image, rendition, kept):
    answer = fetch(client, image, rendition)
    field = image.viewing if rendition == "viewing" else image.model_input
    with field.open("rb") as stored:
        assert answer.body == stored.read()
    assert answer["Content-Type"] == "image/png"
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == (kept, "nosniff")


@pytest.mark.parametrize("rendition", ["viewing", "preview"])
def test_a_kept_film_is_bound_to_the_session_it_was_fetched_in(client, image, rendition):
    assert "Cookie" in fetch(client, image, rendition)["Vary"]


def test_a_thumbnail_is_small_and_private(client, image):
    answer = fetch(client, image, "thumb")
    assert len(answer.content) < 10_000
    assert answer["Cache-Control"].startswith("private")


def test_a_preview_is_small_enough_for_a_slow_line_whatever_is_on_the_film(client, factories, home, model):
    noise = np.random.default_rng(1).integers(0, 256, (600, 600), dtype=np.uint8)
    out = io.BytesIO()
    Picture.fromarray(noise).save(out, "PNG")
    answer = fetch(client, factories.image(factories.study(home, images=0), data=out.getvalue()), "preview")
    with Picture.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (512, 512))
    assert 100_000 < len(answer.content) <= 200_000


def test_a_damaged_rendition_has_no_preview(client, image):
    with image.model_input.storage.open(image.model_input.name, "wb") as file:
        file.write(film_bytes()[:2000])
    assert fetch(client, image, "preview").status_code == 404


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
    fetch(client, image, "preview")
    fetch(client, image, "model")
    assert views(reader) == 1


def test_a_film_that_the_studys_page_shows_leaves_no_second_event(client, image, reader):
    client.get(f"/studies/{image.study_id}/")
    fetch(client, image, "viewing")
    assert views(reader) == 1


def ahead_of(client, **headers):
    return client.get("/worklist/ahead", headers=headers).json()


def test_the_films_that_come_next_are_named_and_nobody_has_claimed_or_seen_them(client, factories, home, model, reader):
    factories.claimed(factories.study(home, priority=0), reader)
    factories.screened(factories.study(home, images=3), 0.9)
    factories.screened(factories.study(home), 0.1)
    found, top = ahead_of(client), Study.objects.get(band="likely")
    films = [f"/images/{image.pk}/{kind}" for image in top.images.all()[:2] for kind in ("preview", "viewing")]
    assert found["films"] == films
    assert {client.get(film, headers={"FirstRead-Ahead": found["pass"]}).status_code for film in films} == {200}
    top.refresh_from_db()
    assert (top.claimed_by, views(reader)) == (None, 0)


@pytest.mark.parametrize("wrong", ["another study", "another reader", "garbage"])
def test_a_film_fetched_without_its_own_pass_leaves_an_event(client, factories, home, image, reader, wrong):
    drawn = {
        "another study": ahead.draw_pass(factories.study(home), reader),
        "another reader": ahead.draw_pass(image.study, factories.radiologist(home)),
        "garbage": signing.dumps("x", salt=ahead.SALT),
    }
    fetch(client, image, "viewing", {"FirstRead-Ahead": drawn[wrong]})
    assert views(reader) == 1


def test_a_pass_ends(client, image, reader, monkeypatch):
    drawn = ahead.draw_pass(image.study, reader)
    monkeypatch.setattr(ahead, "PASS_S", -1)
    fetch(client, image, "viewing", {"FirstRead-Ahead": drawn})
    assert views(reader) == 1


def test_nothing_is_fetched_ahead_where_the_browser_saves_data_or_nothing_waits(client, image, factories, reader):
    assert ahead_of(client, save_data="on")["films"] == []
    factories.claimed(image.study, reader)
    assert ahead_of(client) == {"films": [], "pass": ""}

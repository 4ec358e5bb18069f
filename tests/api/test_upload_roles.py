"""Who may send films, and into which batches."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from screening.models import Batch, Role
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def into_a_folder_of_this_test(media):  # noqa: F811
    pass


def file():
    return {"file": SimpleUploadedFile("a.jpg", films.jpeg())}


ROLES = [
    (Role.TECHNOLOGIST, 201, 200),
    (Role.RADIOLOGIST, 201, 200),
    (Role.CLINICAL_LEAD, 403, 200),
    (Role.ADMINISTRATOR, 403, 403),
]


@pytest.mark.parametrize(("role", "sends", "looks"), ROLES)
def test_technologists_and_radiologists_send_and_administrators_see_no_film(
    by_token, factories, home, role, sends, looks
):
    client = by_token(factories.person(role, home))
    batch = factories.batch(home)
    assert client.post("/api/v1/batches", {"site": "home"}).status_code == sends
    assert client.post("/api/v1/uploads", {"site": "home", **file()}, format="multipart").status_code == sends
    assert client.get("/api/v1/batches").status_code == looks
    assert client.get(f"/api/v1/batches/{batch.pk}").status_code == looks
    assert client.get(f"/api/v1/batches/{batch.pk}/receipts").status_code == looks


@pytest.mark.parametrize("address", ["", "/receipts"])
def test_a_batch_of_another_site_is_not_there(as_sender, factories, away, address):
    assert as_sender.get(f"/api/v1/batches/{factories.batch(away).pk}{address}").status_code == 404


def test_into_a_batch_of_another_site_nothing_is_sent(as_sender, factories, away):
    address = f"/api/v1/batches/{factories.batch(away).pk}/files"
    assert as_sender.post(address, file(), format="multipart").status_code == 404


def test_into_somebody_elses_batch_nothing_is_sent(as_sender, factories, home):
    batch = factories.batch(home, by=factories.technologist(home))
    answer = as_sender.post(f"/api/v1/batches/{batch.pk}/files", file(), format="multipart")
    assert answer.status_code == 403
    assert not batch.receipts.exists()


def test_a_site_that_is_not_mine_and_one_that_is_nowhere_are_told_alike(as_sender, away):
    answers = [as_sender.post("/api/v1/batches", {"site": site}) for site in ("away", "nowhere")]
    assert [each.status_code for each in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()
    assert not Batch.objects.exists()


def test_without_a_login_nothing_is_sent(client):
    assert client.post("/api/v1/uploads", file()).status_code == 401


def test_a_session_sends_with_its_csrf_token_only(home, sender):
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    client.force_login(sender)
    assert client.post("/api/v1/uploads", file(), format="multipart").status_code == 403
    client.cookies["csrftoken"] = "x" * 32
    sent = client.post("/api/v1/uploads", file(), format="multipart", headers={"X-CSRFToken": "x" * 32})
    assert sent.status_code == 201

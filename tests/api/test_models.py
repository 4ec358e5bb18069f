"""Model versions through the API, and what a study says of a film that does not count."""

import pytest
from rest_framework.test import APIClient

from screening.models import ModelVersion
from workers import adding, promoting


@pytest.fixture
def boss(factories):
    client = APIClient()
    client.force_authenticate(factories.administrator())
    return client


@pytest.fixture
def two(factories, tmp_path, db):
    """stub 1, active, and stub 2."""
    found = []
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
        found.append(adding.add(factories.served_model(tmp_path / version, version))[0])
    promoting.promote(found[0])
    return found


def test_the_list_begins_with_the_active_version_and_one_has_its_card(boss, two):
    listed = boss.get("/api/v1/models").json()
    assert [(each["version"], each["state"]) for each in listed] == [("1", "active"), ("2", "available")]
    one = boss.get(f"/api/v1/models/{two[1].pk}").json()
    assert one["card"]["temperature"] == 1.0 and one["card_sha256"] == two[1].card_sha256


def test_promote_shadow_and_roll_back(boss, two):
    old, new = two
    page = f"/api/v1/models/{new.pk}"
    assert boss.post(f"{page}/shadow", {"on": True}, format="json").json()["state"] == "shadow"
    assert boss.get(f"{page}/preview").json()["waiting"] == 0
    assert boss.post(f"{page}/promote").json()["state"] == "active"
    assert boss.post("/api/v1/models/rollback").json()["id"] == str(old.pk)
    assert ModelVersion.objects.get(active=True) == old


def test_a_roll_back_or_promotion_from_another_state_than_was_seen_is_refused(boss, two):
    old, new = two
    promoting.promote(new)
    for page, said in (("rollback", {"to": str(new.pk)}), (f"{old.pk}/promote", {"was": str(old.pk)})):
        answer = boss.post(f"/api/v1/models/{page}", said, format="json")
        assert (answer.status_code, "Somebody was faster" in answer.json()["error"]["sentence"]) == (409, True)
    assert boss.post("/api/v1/models/rollback", {"to": str(old.pk)}, format="json").status_code == 200


def test_a_refusal_has_its_sentence(boss, two):
    answer = boss.post(f"/api/v1/models/{two[0].pk}/promote")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "model_refused"
    assert "is the active model already" in answer.json()["error"]["sentence"]


def test_a_rescreening_says_how_many_images_it_is(boss, two, factories, home):
    factories.study(home)
    promoting.promote(two[1])
    asked = {"studies": "waiting", "site": "home"}
    answer = boss.post(f"/api/v1/models/{two[1].pk}/rescreen", asked, format="json")
    assert (answer.status_code, answer.json()) == (202, {"images": 1})


def test_a_film_unlike_the_models_has_no_probability_and_says_why(as_reader, factories, home, model):
    study = factories.screened(factories.study(home), 0.98, distance=9.5, outside_domain=True)
    said = as_reader.get(f"/api/v1/studies/{study.pk}").json()
    assert (said["ai"]["state"], said["ai"]["band"], said["ai"]["probability"]) == ("outside_domain", "uncertain", None)
    assert "unlike the films" in said["ai"]["words"]
    one = said["images"][0]["predictions"][0]
    assert (one["probability"], one["score"], one["band"]) == (None, None, "uncertain")
    assert (one["outside_domain"], one["distance"]) == (True, 9.5)


def test_the_two_kinds_of_pneumonia_stand_beside_the_prediction(as_reader, factories, home, model):
    kinds = {"bacterial": 0.6, "viral": 0.3}
    study = factories.screened(factories.study(home), 0.9, subtypes=kinds)
    said = as_reader.get(f"/api/v1/studies/{study.pk}").json()
    assert said["images"][0]["predictions"][0]["subtypes"] == kinds


def test_a_shadow_is_nowhere_in_a_study(as_reader, factories, home, model):
    shadow = factories.shadow_model()
    study = factories.screened(factories.study(home), 0.9)
    answer = as_reader.get(f"/api/v1/studies/{study.pk}")
    assert len(answer.json()["images"][0]["predictions"]) == len(answer.json()["images"][0]["screenings"]) == 1
    assert shadow.sha256 not in answer.content.decode()

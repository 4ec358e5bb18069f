"""Second reads by the API: the same promises as on the pages."""

import json

import pytest

from screening.models import SecondRead

LIST = "/api/v1/second-reads"


@pytest.fixture
def opened(factories, home, model):
    type(home).objects.update(second_read_share=0)
    study = factories.screened(factories.study(home, age_years=3), 0.0423)
    factories.read(study, factories.radiologist(home), "present", "left base")
    return SecondRead.objects.get()


def sign(client, opened, finding, version=1):
    return client.post(f"{LIST}/{opened.pk}/sign", {"version": version, "finding": finding})


def test_the_list_is_blinded(as_reader, opened):
    (row,) = as_reader.get(LIST).json()["results"]
    assert (row["id"], row["stage"], row["age_years"], len(row["images"])) == (str(opened.pk), "second", 3, 1)
    for kept_back in ("likely", "0.04", "left base", "present", '"ai"', '"why"', '"gate"'):
        assert kept_back not in json.dumps(row)


def test_next_claim_sign_and_a_third_reader(as_reader, by_token, factories, home, opened):
    taken = as_reader.post(f"{LIST}/next").json()
    assert taken["claimed_until"] and taken["differ"] == []
    assert as_reader.post(f"{LIST}/next").status_code == 204
    answer = sign(as_reader, opened, "absent", taken["version"])
    assert (answer.status_code, answer.json()["kind"]) == (201, "second")
    third = by_token(factories.radiologist(home))
    found = third.post(f"{LIST}/{opened.pk}/claim").json()
    assert (found["stage"], [said["finding"] for said in found["differ"]]) == ("adjudication", ["present", "absent"])
    assert sign(third, opened, "absent", found["version"]).json()["kind"] == "adjudication"


def test_what_is_not_yours_is_refused(as_reader, opened):
    for act in ("release", "sign"):
        answer = as_reader.post(f"{LIST}/{opened.pk}/{act}", {"version": 1, "finding": "absent"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_yours")


def test_whoever_opened_the_study_is_offered_it_no_more(as_reader, opened):
    as_reader.get(f"/api/v1/studies/{opened.study_id}")
    assert as_reader.get(LIST).json()["results"] == []

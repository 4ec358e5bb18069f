"""The real films, where they are at hand: all sixty go in, a second time none does, and the odd DICOMs are answered."""

import json

import pytest
from django.core.management import call_command

from screening.models import Image, Prediction
from tests import factories
from tests.intake.conftest import media, stored  # noqa: F401
from webportal.management.commands import ingest
from workers import engine, loading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
def a_worker_beside(media, monkeypatch):  # noqa: F811
    """Whoever waits, screens meanwhile: the worker's own loop, on the stub model."""
    factories.active_model()
    factories.site("ward")
    monkeypatch.setattr(loading, "_loaded", {})
    monkeypatch.setattr(ingest.time, "sleep", lambda seconds: engine.work())


def ingested(capsys, *arguments):
    call_command("ingest", *map(str, arguments))
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_all_sixty_originals_are_screened_and_a_second_run_reports_sixty_duplicates(films, capsys):
    first = ingested(capsys, films / "originals", "--wait")
    assert [each["outcome"] for each in first] == ["accepted"] * 60
    assert all(0 < each["probability"] < 1 and each["band"] and each["model"] for each in first)
    assert Prediction.objects.count() == Image.objects.count() == 60
    again = ingested(capsys, films / "originals", "--wait")
    assert {(each["outcome"], each["reason"]) for each in again} == {("duplicate", "same_file")}
    assert {each["file"]: each["image"] for each in again} == {each["file"]: each["image"] for each in first}


def test_the_odd_dicoms_get_an_answer_each(films, capsys):
    found = {each["file"].rpartition("/")[2]: each for each in ingested(capsys, films / "dicom", "--wait")}
    assert {name: (each["outcome"], each["reason"]) for name, each in found.items()} == {
        "chrJapMulti.dcm": ("rejected", "no_pixels"),
        "chrJapMultiExplicitIR6.dcm": ("rejected", "no_pixels"),
        "chrKoreanMulti.dcm": ("rejected", "no_pixels"),
        "dx_dog_thorax_monochrome1.dcm": ("accepted", ""),
        "nih_dx_chest_pa_adult.dcm": ("accepted", ""),
    }
    adult = found["nih_dx_chest_pa_adult.dcm"]
    assert (adult["probability"], adult["band"]) == (None, "uncertain")

"""Pictures that could not be decoded when they came, tried again."""

import pytest
from django.core.files.base import ContentFile
from django.db.models.functions import Now

from screening import handling, keeping, lifecycle, queue, sandbox
from screening.models import Event, Image, Job, Screening
from tests import factories
from tests.intake import films
from tests.intake.conftest import media, stored  # noqa: F401
from workers import decoding

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


@pytest.fixture
def site():
    factories.active_model()
    return factories.site()


def undecodable(site, data, **fields):
    """A study of one picture that has no renditions, its original `data`."""
    study = factories.study(site, images=0, **fields)
    image = Image(study=study, site=site, sha256="0" * 64, format="dicom", view="PA", gate="undecodable", rows=1,
                  columns=1, pixels_version="1", gate_detail="JPEG XL (1.2.840.10008.1.2.4.112)")  # fmt: skip
    image.original.save(keeping.name("originals"), ContentFile(data), save=False)
    image.save()
    return image


def asked(image):
    return Job.objects.create(kind=Job.Kind.DECODE, image=image)


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def test_a_picture_that_can_be_decoded_by_now_is_screened(site, rung):
    image = undecodable(site, films.dicom(1))
    job = asked(image)
    decoding.decode()
    image.refresh_from_db()
    assert (fresh(job).state, image.gate, image.gate_detail, image.rows) == ("done", "", "", 160)
    assert image.content_hash
    assert image.viewing.size and image.model_input.size
    assert rung["films"] == [Screening.objects.get(image=image, state="pending").pk]
    event = Event.objects.get(kind="decoded")
    assert (event.study_id, fresh(image.study).version) == (image.study_id, 2)


def test_a_study_that_was_signed_meanwhile_goes_back_on_the_worklist(site, rung):
    image = undecodable(site, films.dicom(1))
    factories.read(image.study, factories.radiologist(site))
    handling.decode_again(image)
    assert fresh(image.study).status == "received"


def test_a_withdrawn_study_stays_withdrawn_and_is_not_screened(site):
    image = undecodable(site, films.dicom(1))
    factories.withdrawn(image.study, factories.technologist(site))
    assert handling.decode_again(image) == []
    assert (fresh(image.study).status, fresh(image).gate) == ("withdrawn", "")
    assert not Screening.objects.filter(state="pending").exists()


def test_a_view_that_was_corrected_meanwhile_holds(site):
    image = undecodable(site, films.dicom(1))
    handling.correct_view(image, "LATERAL", None)
    assert handling.decode_again(image) == []
    assert fresh(image).gate == "lateral"


def test_one_that_still_cannot_be_decoded_stays_and_says_why(site, rung, stored):  # noqa: F811
    image = undecodable(site, films.truncated_jpeg())
    job = asked(image)
    decoding.decode()
    assert (fresh(job).state, fresh(job).error_code, fresh(image).gate) == ("failed", "undecodable", "undecodable")
    assert fresh(job).error_sentence
    assert stored() == 1


def test_a_picture_that_is_decoded_already_is_left_alone(site):
    image = undecodable(site, films.dicom(1))
    handling.decode_again(image)
    before = fresh(image)
    assert handling.decode_again(image) == []
    assert fresh(image).viewing == before.viewing


def test_of_two_at_once_the_later_leaves_nothing_behind(site, monkeypatch, stored):  # noqa: F811
    image = undecodable(site, films.dicom(1))
    real = sandbox.decode

    def overtaken(file, *args):
        monkeypatch.setattr(sandbox, "decode", real)
        handling.decode_again(fresh(image))
        return real(file, *args)

    monkeypatch.setattr(sandbox, "decode", overtaken)
    with pytest.raises(lifecycle.Overtaken):
        handling.decode_again(image)
    assert stored() == 3
    assert Screening.objects.count() == 1


def test_a_missing_original_fails_with_a_sentence(site, rung):
    image = undecodable(site, films.dicom(1))
    keeping.drop(image.original.name)
    job = asked(image)
    decoding.decode()
    assert (fresh(job).state, fresh(job).error_code) == ("failed", "original_missing")


def test_a_disk_that_is_not_mounted_puts_it_off(site, rung, media):  # noqa: F811
    job = asked(undecodable(site, films.dicom(1)))
    gone = media.rename(media.with_name("elsewhere"))
    media.mkdir()
    decoding.decode()
    assert (fresh(job).state, fresh(job).error_code) == ("pending", "storage_away")
    media.rmdir()
    gone.rename(media)
    Job.objects.update(next_attempt_at=Now())
    decoding.decode()
    assert fresh(job).state == "done"


def test_an_original_that_cannot_be_read_is_tried_again(site, rung, monkeypatch):
    job = asked(undecodable(site, films.dicom(1)))
    monkeypatch.setattr(handling, "decode_again", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    decoding.decode()
    assert (fresh(job).state, fresh(job).error_code) == ("pending", "storage_away")


def test_a_full_disk_puts_it_off(site, rung, monkeypatch):
    job = asked(undecodable(site, films.dicom(1)))
    with monkeypatch.context() as patch:
        patch.setattr(keeping, "_sync", lambda name: (_ for _ in ()).throw(OSError(28, "No space left")))
        decoding.decode()
    assert (fresh(job).state, fresh(job).error_code) == ("pending", "storage_full")
    Job.objects.update(next_attempt_at=Now())
    decoding.decode()
    assert fresh(job).state == "done"


def test_a_slice_that_ends_early_is_rung_for_again(site, rung, monkeypatch):
    jobs = [asked(undecodable_of(site, seed)) for seed in (1, 2)]
    monkeypatch.setattr(decoding, "SLICE_S", 0)
    decoding.decode()
    assert sorted(fresh(job).state for job in jobs) == ["done", "pending"]
    assert len(rung["jobs"]) == 1


def undecodable_of(site, seed):
    image = undecodable(site, films.dicom(seed))
    Image.objects.filter(pk=image.pk).update(sha256=f"{seed:064d}")
    return image


def test_a_cancelled_job_is_not_taken(site, rung):
    job = asked(undecodable(site, films.dicom(1)))
    Job.objects.update(state="cancelled")
    decoding.decode()
    assert fresh(job).state == "cancelled"
    assert queue.retry(Job.objects.all()) == [job.pk]

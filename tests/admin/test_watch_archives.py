"""What a manifest in a ZIP says, and whose site's word counts: of a watched folder, for as long as it is watched."""

import pytest

from screening import intake
from screening.models import Batch, Image, Priority, Receipt, Site, Study
from screening.watch_folder import Folder
from tests.admin.test_watch import folder, home, lay, lying, one_thread, rung, watch  # noqa: F401
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401
from workers.watching import Watch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media", "home", "one_thread", "rung")]
PACKED = films.archive({"a.jpg": films.jpeg(1), "manifest.csv": b"file,patient\na.jpg,P1\n"})


def patients():
    return dict(Receipt.objects.exclude(study=None).values_list("name", "study__patient_id"))


def test_a_manifest_at_the_end_of_a_zip_is_read_before_its_films(folder):  # noqa: F811
    lay(folder, "cd.zip", PACKED)
    watch(folder)
    assert patients() == {"cd.zip/a.jpg": "P1"}
    assert lying(folder) == {"done": {"cd.zip"}}


def test_a_loose_film_of_that_name_later_in_the_hour_is_not_the_zips_patients(folder):  # noqa: F811
    lay(folder, "cd.zip", PACKED)
    watch(folder)
    lay(folder, "a.jpg", films.jpeg(2))
    watch(folder)
    assert patients() == {"cd.zip/a.jpg": "P1", "a.jpg": ""}
    assert sorted(Batch.objects.values_list("name", flat=True))[0].endswith(":00")
    assert Batch.objects.count() == 2


def test_two_zips_of_one_name_do_not_share_their_rows(folder):  # noqa: F811
    other = films.archive({"a.jpg": films.jpeg(2), "manifest.csv": b"file,patient\na.jpg,P2\n"})
    for packed in (PACKED, other):
        lay(folder, "cd.zip", packed)
        watch(folder)
    assert sorted(Study.objects.values_list("patient_id", flat=True)) == ["P1", "P2"]
    assert lying(folder) == {"done": {"cd.zip", "cd-2.zip"}}


def test_the_manifest_beside_a_zip_without_one_holds_for_it(folder):  # noqa: F811
    lay(folder, "cd.zip", films.archive({"a.jpg": films.jpeg(1)}))
    lay(folder, "manifest.csv", b"file,patient\ncd.zip/a.jpg,P1\n")
    watch(folder)
    assert patients() == {"cd.zip/a.jpg": "P1"}


def test_a_site_that_is_told_to_de_identify_while_it_is_watched_does_so_at_once(folder, home, monkeypatch):  # noqa: F811
    watched, receive = Folder(folder, 0), intake.receive

    def and_switch(*arguments, **more):
        receipt = receive(*arguments, **more)
        Site.objects.update(deidentify=True)
        return receipt

    with watched.alone():
        each = Watch(watched, home, Priority.ROUTINE)
        lay(folder, "1.dcm", films.dicom(1, PatientID="CANARY-1"))
        lay(folder, "2.dcm", films.dicom(2, PatientID="CANARY-2"))
        with monkeypatch.context() as patch:
            patch.setattr(intake, "receive", and_switch)
            each.round()  # between two films of one batch
        lay(folder, "3.dcm", films.dicom(3, PatientID="CANARY-3"))
        lay(folder, "cd.zip", films.archive({"4.dcm": films.dicom(4, PatientID="CANARY-4")}))
        each.round()
    assert Image.objects.filter(deidentified=True).count() == 3
    assert Study.objects.filter(patient_id__startswith="CANARY").count() == 1

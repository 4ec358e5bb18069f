"""The first start, and what is left of it at the second."""

import hashlib
import json
from functools import cache
from io import StringIO

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from screening import reading
from screening.models import Batch, Event, Image, ModelVersion, Prediction, Read, Screening, Site, Study, User
from webportal import administration, demo
from workers import adding, promoting


@pytest.fixture
def var(settings, tmp_path):
    settings.VAR = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def quick(settings, monkeypatch):
    """Three phantoms in place of twelve, each drawn once for all tests, and passwords that are checked in no time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr(demo, "film", drawn_once)
    monkeypatch.setattr(demo, "CLASSES", [0, 1, 2])


drawn_once, ALL_CLASSES = cache(demo.film), demo.CLASSES


@pytest.fixture
def started(shipped, var, settings, db):
    """FirstRead after `manage.py bootstrap`, with the Demo site."""
    settings.DEMO = True
    call_command("bootstrap")
    return var


@pytest.fixture
def in_production(shipped, var, settings, db):
    settings.DEMO = False
    call_command("bootstrap")
    return var


def passwords(var):
    return {login["user"]: login for login in json.loads((var / "logins.json").read_text())["portal"]}


def test_there_is_one_login_a_role_with_a_random_password_for_the_owner_alone(started):
    known = passwords(started)
    assert {user: login["role"] for user, login in known.items()} == {
        "technologist": "technologist", "radiologist": "radiologist", "administrator": "administrator",
    }  # fmt: skip
    assert all(User.objects.get(username=user).check_password(login["password"]) for user, login in known.items())
    assert len({login["password"] for login in known.values()}) == 3
    assert (started / "logins.json").stat().st_mode & 0o777 == 0o600


def test_those_who_see_films_belong_to_the_main_and_the_demo_site(started):
    for name in ("technologist", "radiologist"):
        assert [site.code for site in User.objects.get(username=name).sites.all()] == ["demo", "main"]


def test_the_shipped_model_is_registered_and_active_with_its_whole_card(started):
    version = ModelVersion.objects.get()
    assert (version.name, version.active, version.card["operating_points"]["likely"]) == ("default", True, 0.7)
    assert "path" not in version.card
    assert Event.objects.filter(kind="model").count() == 1


def test_twelve_phantoms_wait_in_three_classes_each_marked_synthetic(monkeypatch, request):
    monkeypatch.setattr(demo, "CLASSES", ALL_CLASSES)
    request.getfixturevalue("started")
    studies = Study.objects.filter(site__code="demo")
    assert studies.filter(synthetic=True).count() == studies.count() == 12
    assert sorted(studies.values_list("priority", flat=True)) == [0, 1, 1, 1] + [2] * 8
    assert {study.age_years for study in studies} == {1, 2, 3, 4, 5}
    assert Screening.objects.filter(state="pending").count() == 12
    assert set(Batch.objects.values_list("source", flat=True)) == {"samples"}


def test_a_few_more_phantoms_lie_ready_to_drop_and_say_in_their_pixels_what_they_are(started):
    files = sorted((started / "samples").glob("*.png"))
    assert len(files) == 6
    with Picture.open(files[0]) as picture:
        corner = picture.crop((picture.width - 180, picture.height - 26, picture.width, picture.height))
        black, _ = corner.getextrema()
    assert black == 0


def test_a_second_start_makes_nothing_twice_and_resets_no_password(started):
    def count():
        return [kind.objects.count() for kind in (Site, User, Study, Image, ModelVersion, Event)]

    before, known = count(), passwords(started)
    out = StringIO()
    call_command("bootstrap", stdout=out)
    assert (count(), passwords(started), out.getvalue()) == (before, known, "")


def test_a_start_that_was_broken_off_is_finished_by_the_next(shipped, var, settings, monkeypatch):
    settings.DEMO = True
    monkeypatch.setattr(demo, "CLASSES", [0])
    demo.make()
    monkeypatch.setattr(demo, "CLASSES", [0, 1, 2])
    demo.make()
    assert Study.objects.count() == Image.objects.count() == 3
    assert sorted(Study.objects.values_list("patient_id", flat=True)) == ["DEMO-1042", "DEMO-1043", "DEMO-1044"]


def test_a_password_that_was_reset_or_changed_is_written_down_no_more(started, client):
    administration.reset_password(User.objects.get(username="technologist"))
    assert sorted(passwords(started)) == ["administrator", "radiologist"]
    client.force_login(User.objects.get(username="radiologist"))
    was, new = passwords(started)["radiologist"]["password"], "another long password"
    client.post("/password/", {"old_password": was, "new_password1": new, "new_password2": new})
    assert sorted(passwords(started)) == ["administrator"]


def test_other_logins_of_the_file_are_left_alone(started, factories):
    known = json.loads((started / "logins.json").read_text())
    (started / "logins.json").write_text(json.dumps(known | {"flower": {"user": "flower", "password": "x"}}))
    call_command("bootstrap")
    assert json.loads((started / "logins.json").read_text())["flower"]["password"] == "x"


def test_a_second_start_leaves_another_active_model_active(started, factories):
    chosen = factories.active_model("9")
    call_command("bootstrap")
    assert ModelVersion.objects.get(active=True) == chosen


def test_an_update_replaces_no_model_that_somebody_added_and_promoted(started, shipped, tmp_path, factories):
    folder = tmp_path / "own"
    folder.mkdir()
    own, _ = adding.add(factories.served_model(folder, "5", name="default"))
    promoting.promote(own)
    factories.served_model(shipped, "2", name="default")
    call_command("bootstrap")
    assert ModelVersion.objects.get(active=True) == own


def test_an_update_takes_over_once_and_a_roll_back_stays(started, shipped, factories):
    was = ModelVersion.objects.get()
    factories.served_model(shipped, "2", name="default")
    call_command("bootstrap")
    promoting.roll_back()
    call_command("bootstrap")
    assert ModelVersion.objects.get(active=True) == was


def test_weights_that_an_update_brought_under_the_same_name_take_over(started, shipped):
    was, new = ModelVersion.objects.get(), b"better weights"
    card = json.loads((shipped / "default.json").read_text())
    card |= {"version": "2", "weights_sha256": hashlib.sha256(new).hexdigest()}
    (shipped / "default.json").write_text(json.dumps(card))
    (shipped / "default.weights.h5").write_bytes(new)
    call_command("bootstrap")
    active = ModelVersion.objects.get(active=True)
    assert (active.version, active != was) == ("2", True)
    assert Event.objects.filter(kind="model").count() == 2


def test_in_production_there_is_an_administrator_and_no_phantom(in_production):
    assert list(passwords(in_production)) == ["administrator"]
    assert not Study.objects.exists()
    assert not (in_production / "samples").exists()
    assert [site.code for site in Site.objects.all()] == ["main"]


def test_without_a_shipped_model_everything_else_is_made(shipped, var, settings, db):
    (shipped / "default.json").unlink()
    out = StringIO()
    call_command("bootstrap", verbosity=2, stdout=out)
    assert "Active model: none" in out.getvalue()
    assert User.objects.exists()


def test_the_demo_goes_with_everything_and_does_not_come_back(started, factories):
    study = Study.objects.filter(site__code="demo").first()
    reader = User.objects.get(username="radiologist")
    factories.screened(study)
    factories.read(study, reader, "present")
    reading.addend(study, reader, finding="absent", comment="")
    files = [name for row in Image.objects.values_list("original", "viewing", "model_input") for name in row]
    assert all(default_storage.exists(name) for name in files)
    call_command("remove_demo", stdout=StringIO())
    call_command("bootstrap")
    assert not any(kind.objects.exists() for kind in (Study, Image, Screening, Prediction, Read, Batch))
    assert [site.code for site in Site.objects.all()] == ["main"]
    assert Event.objects.get(kind="demo_removed").detail == {"studies": 3}


def test_the_files_of_the_demo_go_once_the_rows_are_gone(started, django_capture_on_commit_callbacks):
    files = [name for row in Image.objects.values_list("original", "viewing", "model_input") for name in row]
    with django_capture_on_commit_callbacks(execute=True):
        call_command("remove_demo", stdout=StringIO())
    assert not any(default_storage.exists(name) for name in files)
    assert not list((started / "samples").glob("*.png"))


def test_a_film_that_is_no_phantom_is_not_removed(started, factories):
    factories.study(Site.objects.get(code="demo"), synthetic=False)
    with pytest.raises(CommandError, match="no phantom"):
        call_command("remove_demo")
    assert Study.objects.count() == 4


def test_the_studies_of_other_sites_stay(started, factories):
    kept = factories.study(Site.objects.get(code="main"))
    call_command("remove_demo", stdout=StringIO())
    assert list(Study.objects.all()) == [kept]

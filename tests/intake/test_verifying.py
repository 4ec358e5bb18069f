"""Ledger and storage against each other: what is whole is silent, and each difference is named, alone."""

import io
import os
import time
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command

from screening import archive, intake, parts, verifying
from screening.models import Batch, Image, Job
from tests import factories
from tests.intake import films
from workers import engine, loading

pytestmark = pytest.mark.django_db
NOW = timedelta(0)


def found(**how):
    return [(each.kind, each.name, each.row) for each in verifying.differences(**{"age": NOW, **how})]


@pytest.fixture
def whole(batch):
    """Two films, an archive that waits, a part on its way, a film on trial, an explanation, a model's files."""
    loading.forget()
    for seed in range(2):
        intake.receive(batch, f"{seed}.jpg", films.jpeg(seed))
    archive.spool(batch, "a.zip", io.BytesIO(films.archive({"a.jpg": films.jpeg(7)})))
    part = parts.begin(batch, "b.jpg", 2000)
    parts.append(part, 0, io.BytesIO(films.jpeg(8)[:1000]))
    trial = factories.batch(batch.site, state=Batch.State.TRIAL)
    intake.receive(trial, "c.jpg", films.jpeg(9))
    asked = {"image": Image.objects.first(), "model_version": factories.active_model()}
    Job.objects.create(kind=Job.Kind.EXPLAIN, **asked)
    engine.explain()
    default_storage.save("models/abc/stub.json", ContentFile(b"{}"))
    default_storage.save("arriving/abc", ContentFile(b"originals/abc"))
    return batch


def test_what_is_whole_is_silent(whole, stored):
    assert stored() == 2 * 3 + 6
    assert found(read=True) == []
    call_command("verify_storage", "--minutes", "0", "--read")


def test_a_missing_file_of_every_kind_is_named_with_its_row(whole):
    for row in verifying._rows():
        for name in verifying._names(row):
            with default_storage.open(name, "rb") as file:
                content = file.read()
            default_storage.delete(name)
            assert found() == [("missing", name, f"{row._meta.model_name} {row.pk}")]
            default_storage.save(name, ContentFile(content))
    assert found() == []


def test_a_changed_original_is_found_where_it_is_read(whole):
    image = Image.objects.first()
    with open(default_storage.path(image.original.name), "ab") as file:  # noqa: PTH123
        file.write(b"x")
    assert found() == []
    assert found(read=True) == [("changed", image.original.name, f"image {image.pk}")]


def test_a_file_of_no_row_is_stray_once_it_is_old_enough(whole, capsys):
    image = Image.objects.last()
    names = sorted([image.original.name, image.viewing.name, image.model_input.name])
    image.delete()
    assert found(age=timedelta(hours=1)) == []
    assert found() == [("stray", name, "") for name in names]
    with pytest.raises(SystemExit) as ended:
        call_command("verify_storage", "--minutes", "0")
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert said.out.split("\n")[:-1] == [f"stray    {name}" for name in names]
    assert "0 files that a row speaks of are missing, 0 are not what was taken in, 3 belong" in said.err
    hours_ago = time.time() - 7200
    os.utime(default_storage.path(names[0]), (hours_ago, hours_ago))
    assert found(age=timedelta(hours=1)) == [("stray", names[0], "")]

"""The checker itself: it holds of sound work, and each invariant fails where it is broken."""

import uuid

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction

from screening.models import Image, Prediction, Screening, Study
from tests.faults import checker, drawn

pytestmark = pytest.mark.faults


@pytest.fixture
def sound(installation, factories):
    """A signed, a claimed, a withdrawn, a scored and a waiting study, each as it should be."""
    factories.active_model()
    site = factories.site()
    for each in drawn.waiting(site, 4):
        factories.screened(each.study)
    signed, claimed, withdrawn, _scored = Study.objects.order_by("due_at", "id")
    drawn.waiting(site, 1, first=4)
    factories.read(signed, factories.radiologist(site))
    factories.claimed(claimed, factories.radiologist(site))
    factories.withdrawn(withdrawn, factories.technologist(site))
    assert checker.broken() == {}


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def forget_a_screening():
    Screening.objects.filter(state="pending").delete()


def forget_a_prediction():
    Prediction.objects.first().delete()


def double_a_prediction():
    sql("ALTER TABLE screening_prediction DROP CONSTRAINT one_prediction_an_image_and_version")
    double = Prediction.objects.first()
    double.pk = uuid.uuid4()
    double.save(force_insert=True)


def write_under_another_fence():
    Prediction.objects.filter(pk=Prediction.objects.first().pk).update(fence=99)


def score_what_is_not_done():
    Screening.objects.filter(pk=Screening.objects.filter(state="done").first().pk).update(state="leased")


def wait_too_long():
    sql("UPDATE screening_screening SET created_at = now() - interval '1 hour' WHERE state = 'pending'")


def move_a_study():
    Study.objects.filter(status="screened").update(status="unscreened")


def hand_a_claim_to_nobody_known():
    somebody = "(SELECT id FROM screening_user WHERE username LIKE 'technologist%')"
    sql(f"UPDATE screening_study SET claimed_by_id = {somebody} WHERE status = 'reading'")


def forget_who_signed():
    sql("ALTER TABLE screening_event DISABLE TRIGGER append_only")
    sql("UPDATE screening_event SET actor_id = NULL WHERE kind = 'sign'")


def forget_who_withdrew():
    sql("ALTER TABLE screening_event DISABLE TRIGGER append_only")
    sql("UPDATE screening_event SET actor_id = NULL WHERE kind = 'withdraw'")


PLANTED = [
    ("I1", forget_a_screening), ("I2", forget_a_prediction), ("I3", double_a_prediction),
    ("I4", write_under_another_fence), ("I4", score_what_is_not_done), ("I6", wait_too_long), ("I8", move_a_study),
    ("I8", hand_a_claim_to_nobody_known), ("I8", forget_who_signed), ("I8", forget_who_withdrew),
]  # fmt: skip


def numbers(found):
    return {name[:2] for name in found}


def test_each_invariant_fails_where_it_is_broken_and_alone(sound):
    for number, break_it in PLANTED:
        with transaction.atomic():
            break_it()
            found = numbers(checker.broken())
            transaction.set_rollback(True)
        assert found == {number}, break_it.__name__
    assert checker.broken() == {}


def test_a_lost_a_changed_and_a_stray_file_are_found(sound):
    name = Image.objects.first().original.name
    with default_storage.open(name) as file:
        kept = file.read()
    for content in (None, b"something else"):
        default_storage.delete(name)
        if content:
            default_storage.save(name, ContentFile(content))
        assert numbers(checker.broken()) == {"I5"}
    default_storage.delete(name)
    default_storage.save(name, ContentFile(kept))
    default_storage.save("originals/nobody", ContentFile(b"of nobody"))
    assert checker.broken() == {}, "a portal may be about to write its row"
    assert numbers(checker.broken(orphan_s=0)) == {"I9"}


def test_what_a_client_was_told_is_kept_is_looked_for(sound):
    kept = list(Image.objects.values_list("sha256", flat=True))
    assert checker.broken(acknowledged=kept) == {}
    assert numbers(checker.broken(acknowledged=[*kept, "0" * 64])) == {"I7"}


def test_the_assertion_says_which_rows(sound):
    lost = Image.objects.first()
    default_storage.delete(lost.original.name)
    with pytest.raises(AssertionError, match=str(lost.pk)):
        checker.check()

"""The operations page: what it says, and trying again."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from screening import keeping
from screening.models import Event, Heartbeat, Job, Screening
from workers import heartbeat, overview


@pytest.fixture
def failed(factories, home, model):
    """Three studies that failed for one reason."""
    return [factories.failed(factories.study(home, patient_name="CANARY^NAME")) for _ in range(3)]


def states():
    return sorted(Screening.objects.values_list("state", flat=True))


def test_the_depth_is_counted_by_class(factories, home, model):
    factories.study(home, priority=0)
    factories.study(home, images=2)
    found = {depth.label: (depth.pending, depth.running, bool(depth.oldest)) for depth in overview.depths()}
    assert found == {"stat": (1, 0, True), "urgent": (0, 0, False), "routine": (2, 0, True)}


def test_failures_are_grouped_by_reason(failed):
    (failure,) = overview.failures()
    assert (failure.code, failure.count) == ("rendition_unreadable", 3)
    assert set(failure.studies) == {study.pk for study in failed}


def test_the_failures_of_withdrawn_studies_are_nobodys_work(failed, factories, home):
    factories.withdrawn(failed[0], factories.technologist(home))
    assert overview.failures()[0].count == 2


def test_what_waits_for_something_to_pass_is_counted_by_what_it_waits_for(boss, factories, home, model):
    for _ in range(2):
        factories.study(home)
    later = timezone.now() + timedelta(minutes=5)
    Screening.objects.update(next_attempt_at=later, error_code="storage_away", error_sentence=keeping.AWAY)
    assert overview.waiting() == [(keeping.AWAY, 2)]
    page = boss.get("/operations/").content.decode()
    assert "<b>2 tasks wait</b> and are tried again: The storage cannot be reached just now." in page
    Screening.objects.update(next_attempt_at=timezone.now())
    assert overview.waiting() == []


def test_one_study_is_tried_again(boss, failed):
    boss.post("/operations/retry", {"reason": "rendition_unreadable", "study": failed[0].pk})
    assert states() == ["failed", "failed", "pending"]


def test_all_of_a_reason_are_tried_again_and_each_study_keeps_a_line(boss, administrator, failed):
    boss.post("/operations/retry", {"reason": "rendition_unreadable"})
    assert states() == ["pending"] * 3
    assert Event.objects.filter(kind="retry", actor=administrator, study__isnull=False).count() == 3


def test_what_is_not_there_any_more_is_not_tried_again(boss, db):
    answer = boss.post("/operations/retry", {"reason": "rendition_unreadable"}, follow=True)
    assert b"Nothing was left to try again" in answer.content


def test_a_study_that_is_no_id_is_refused(boss):
    assert boss.post("/operations/retry", {"reason": "x", "study": "1 OR 1"}).status_code == 400


def test_failed_jobs_are_tried_again(boss, factories, home, model):
    image = factories.study(home).images.get()
    job = Job.objects.create(kind="explain", image=image, model_version=model, state="failed")
    boss.post("/operations/jobs/explain/retry")
    job.refresh_from_db()
    assert job.state == "pending"


def test_a_kind_of_job_that_is_none_is_not_found(boss):
    assert boss.post("/operations/jobs/dinner/retry").status_code == 404


def test_the_page_names_workers_and_their_problems(boss, model):
    heartbeat.beat("host:1", "model", loaded=[model.card_sha256])
    heartbeat.beat("host:2", "model", problem="WeightsMismatch: differ")
    text = boss.get("/operations/").content.decode()
    assert "host:1" in text and "WeightsMismatch: differ" in text and model.card_sha256[:12] in text


def test_the_page_is_whole_while_nothing_is_there(boss):
    text = boss.get("/operations/").content.decode()
    assert "No worker has been seen" in text and "None." in text


def test_the_page_holds_no_patient(boss, failed):
    assert b"CANARY" not in boss.get("/operations/").content


def test_htmx_gets_the_part_that_changes_alone(boss):
    text = boss.get("/operations/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in text and "Screening workers" in text


def test_flower_opens_for_administrators_alone(boss, factories, home):
    assert boss.get("/operations/flower-auth").status_code == 204
    assert Client().get("/operations/flower-auth").status_code == 401
    reader = Client()
    reader.force_login(factories.radiologist(home))
    assert reader.get("/operations/flower-auth").status_code == 403


def test_what_a_shadow_has_to_do_stands_apart_from_the_classes(boss, factories, home, model):
    factories.shadow_model()
    factories.study(home)
    assert "background: shadow, read again" in boss.get("/operations/").content.decode()


def test_the_page_says_whether_a_folder_is_still_watched(boss, model):
    heartbeat.beat("host:/srv/films", "watch")
    assert 'host:/srv/films</span>: <span class="ok">watched' in boss.get("/operations/").content.decode()
    heartbeat.beat("host:/srv/films", "watch", problem="the storage is full")
    assert "the storage is full, the files wait" in boss.get("/operations/").content.decode()
    Heartbeat.objects.update(seen_at=timezone.now() - timedelta(minutes=30))
    assert "nobody watches it any more" in boss.get("/operations/").content.decode()


def test_claims_are_listed_without_a_patient_and_can_be_ended(boss, factories, home, reader, model):
    study = factories.claimed(factories.study(home, patient_name="CANARY^NAME"), reader)
    page = boss.get("/operations/").content.decode()
    assert "Claims now" in page and reader.username in page and study.pk.hex[:8] in page
    assert "CANARY" not in page
    answer = boss.post(f"/studies/{study.pk}/end-claim", follow=True)
    assert answer.redirect_chain == [("/operations/", 302)]
    study.refresh_from_db()
    assert study.status == "received"
    assert "Nobody has this study claimed" in boss.post(f"/studies/{study.pk}/end-claim", follow=True).content.decode()

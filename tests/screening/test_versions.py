"""Two model versions: which orders, which is shown, which screens what."""

from datetime import timedelta

import pytest
from django.db.models import F

from screening import answers, explaining, handling, queue, rescreening, rollout, sweeping
from screening.models import BACKGROUND, ModelVersion, Prediction, Screening, Study
from tests import factories
from workers import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def old():
    return factories.active_model("1")


@pytest.fixture
def site(old):
    return factories.site()


def fresh(row):
    row.refresh_from_db()
    return row


def states(version):
    return sorted(Screening.objects.filter(model_version=version).values_list("state", flat=True))


def test_a_shadow_gets_a_screening_of_every_arrival_behind_all_classes(site, old):
    shadow = factories.shadow_model()
    study = factories.study(site)
    assert set(study.images.get().screenings.values_list("model_version", "priority")) == {
        (old.pk, 2), (shadow.pk, BACKGROUND),
    }  # fmt: skip


def test_the_sweep_gives_a_shadow_what_waited_before_it_came(site):
    factories.study(site)
    shadow = factories.shadow_model()
    assert sweeping.sweep().inserted == 1
    assert states(shadow) == ["pending"]


def test_what_a_shadow_says_moves_and_shows_nothing(site, old):
    study = factories.screened(factories.study(site), 0.1, by=old)
    was = {name: getattr(study, name) for name in ("band", "probability", "due_at", "model_version", "status")}
    shadow = factories.shadow_model()
    sweeping.sweep()
    factories.screened(study, 0.95, by=shadow)
    assert {name: getattr(study, name) for name in was} == was
    image = study.images.get()
    assert image.predictions.count() == 2
    assert answers.answers([image.pk])[image.pk].model_version == old


def test_a_study_that_a_shadow_alone_has_scored_is_unscored_and_awaited(site):
    shadow = factories.shadow_model()
    study = factories.screened(factories.study(site), 0.95, by=shadow)
    assert (study.ai_state, study.band) == ("pending", "")
    images = [study.images.get().pk]
    assert answers.answers(images) == {} and answers.awaited(images).exists()


def test_a_shadow_that_ended_without_promotion_is_shown_to_nobody(site, old):
    shadow = factories.shadow_model()
    study = factories.screened(factories.study(site), 0.95, by=shadow)
    rollout.set_shadow(shadow, False)
    sweeping.sweep()
    assert fresh(study).ai_state == "pending"
    assert answers.answers([study.images.get().pk]) == {}


def test_out_of_shadow_its_pending_rows_end_and_into_it_they_come_back(site):
    shadow = factories.shadow_model()
    factories.study(site)
    rollout.set_shadow(shadow, False)
    assert states(shadow) == ["superseded"]
    rollout.set_shadow(shadow, True)
    assert states(shadow) == ["pending"]


def test_a_promoted_shadow_orders_at_once_by_what_it_has_scored(site, old):
    study = factories.screened(factories.study(site), 0.1, by=old)
    waits = factories.study(site)
    shadow = factories.shadow_model()
    sweeping.sweep()
    factories.screened(study, 0.95, by=shadow)
    rollout.activate(shadow)
    assert (fresh(study).band, study.model_version) == ("likely", shadow)
    assert (shadow.shadow, shadow.active) == (False, True)
    # What it has still to do for studies that wait has their class again.
    assert waits.images.get().screenings.get(model_version=shadow).priority == 2


def test_a_lease_held_over_a_promotion_is_written_and_the_old_score_orders_until_the_new_one_comes(site, old):
    study = factories.study(site)
    held = queue.claim(Screening.objects.filter(image__study=study), "w", 1)
    new = factories.active_model("2")
    assert queue.complete([queue.Result(held[0], 2.0, 0.9, "likely", "v", 1.0)], "w")
    assert (fresh(study).band, study.model_version) == ("likely", old)
    sweeping.sweep()
    factories.screened(study, 0.1, by=new)
    assert (fresh(study).band, study.model_version) == ("less_likely", new)
    assert sorted(Prediction.objects.values_list("probability", flat=True)) == pytest.approx([0.1, 0.9])


def test_arrival_order_does_not_bring_the_background_forward(site):
    shadow = factories.shadow_model()
    first, second = factories.study(site), factories.study(site)
    Screening.objects.filter(model_version=shadow).update(created_at=F("created_at") - timedelta(days=1))
    versions = Screening.objects.all()
    claimed = queue.claim(versions, "w", 1, by_arrival=True)
    assert claimed[0].image.study_id == first.pk and claimed[0].model_version_id != shadow.pk
    assert second.pk != first.pk


def test_another_class_leaves_the_background_where_it_is(site):
    shadow = factories.shadow_model()
    study = factories.study(site)
    handling.change_priority(study, 0, factories.technologist(site))
    assert set(Screening.objects.values_list("model_version", "priority")) >= {(shadow.pk, BACKGROUND)}
    assert Screening.objects.filter(priority=0).count() == 1


def test_a_restored_study_goes_back_to_the_shadow_too(site):
    shadow = factories.shadow_model()
    study, sender = factories.study(site), factories.technologist(site)
    factories.withdrawn(study, sender)
    handling.restore(study, sender)
    assert states(shadow) == ["pending"]


def test_what_was_withdrawn_under_another_model_comes_back_to_the_one_that_is_promoted(site, old):
    new, sender = factories.shadow_model(), factories.technologist(site)
    study = factories.withdrawn(factories.study(site), sender)
    rollout.set_shadow(new, False)
    handling.restore(study, sender)
    rollout.activate(new)
    assert states(new) == ["pending"]
    rollout.activate(old)
    assert states(old) == ["pending"] and fresh(study).ai_state == "pending"


def urgency(version):
    return set(Screening.objects.filter(model_version=version).values_list("state", "priority"))


def test_a_failed_film_of_a_former_shadow_is_tried_again_in_its_class(site):
    new, reader = factories.shadow_model(), factories.radiologist(site)
    study = factories.failed(factories.study(site, priority=0))
    rollout.activate(new)
    handling.retry_study(study, reader)
    assert urgency(new) == {("pending", 0)}


def test_the_sweep_brings_forward_what_an_upload_in_flight_left_in_the_background(site):
    factories.study(site, priority=0)
    new = factories.shadow_model()
    sweeping.sweep()
    ModelVersion.objects.update(active=False)
    ModelVersion.objects.filter(pk=new.pk).update(active=True, shadow=False)
    sweeping.sweep()
    assert urgency(new) == {("pending", 0)}


def test_a_study_that_a_late_image_reopens_waits_in_its_class_with_all_its_films(read_study):
    new = factories.active_model("2")
    rescreening.rescreen(rescreening.Wish(new, status="read"))
    factories.join(read_study)
    assert urgency(new) == {("pending", read_study.priority)}


def test_a_late_image_of_a_withdrawn_study_waits_in_its_class_once_that_is_restored(site, old):
    sender = factories.technologist(site)
    study = factories.withdrawn(factories.study(site, priority=0), sender)
    factories.join(study, seed=3)
    handling.restore(study, sender)
    assert urgency(old) == {("pending", 0)}


def test_a_look_asked_of_a_replaced_model_ends_and_can_be_asked_of_the_new_one(site, old):
    image, reader = factories.study(site).images.get(), factories.radiologist(site)
    job = explaining.ask(image, reader)
    new = factories.active_model("2")
    assert fresh(job).state == "superseded"
    assert explaining.ask(image, reader).model_version == new
    rollout.activate(old)
    assert explaining.ask(image, reader) == job and fresh(job).state == "pending"


def test_a_promotion_that_died_in_between_is_finished_by_the_next_sweep(site, old, monkeypatch):
    monkeypatch.setattr(rollout, "CHUNK", 2)
    studies = [factories.screened(factories.study(site), 0.1, by=old) for _ in range(5)]
    new = factories.shadow_model()
    sweeping.sweep()
    for study in studies:
        factories.screened(study, 0.95, by=new)
    rollout.switch(new)
    assert not rollout.follow(chunks=1)
    assert Study.objects.filter(model_version=new).count() == 2
    tasks.sweep()
    assert Study.objects.filter(model_version=new, band="likely").count() == 5
    assert fresh(new).follows_from is None


@pytest.fixture
def read_study(site, old):
    study = factories.screened(factories.study(site), 0.1, by=old)
    return factories.read(study, factories.radiologist(site))


def test_a_read_study_screened_again_keeps_both_predictions_and_stays_read(read_study, old):
    new = factories.active_model("2")
    wish = rescreening.Wish(new, status="read")
    amount = rescreening.count(wish)
    assert (amount.studies, amount.images, amount.scored, amount.left) == (1, 1, 0, 1)
    assert len(rescreening.rescreen(wish)) == 1
    row = Screening.objects.get(model_version=new)
    assert (row.state, row.priority) == ("pending", BACKGROUND)
    factories.screened(read_study, 0.95, by=new)
    assert fresh(read_study).status == Study.Status.READ
    assert set(Prediction.objects.values_list("model_version", flat=True)) == {old.pk, new.pk}
    assert read_study.reads.get().band == "less_likely"
    assert rescreening.rescreen(wish) == [] and rescreening.count(wish).scored == 1


def test_what_a_promotion_cut_off_of_a_read_study_comes_back_in_the_background(read_study):
    new = factories.active_model("2")
    rescreening.rescreen(rescreening.Wish(new, status="read"))
    Screening.objects.filter(model_version=new).update(state="superseded", priority=0)
    assert len(rescreening.rescreen(rescreening.Wish(new, status="read"))) == 1
    row = Screening.objects.get(model_version=new)
    assert (row.state, row.priority) == ("pending", BACKGROUND)


def test_the_choice_narrows_by_site_status_and_day(read_study, site):
    new = factories.active_model("2")
    factories.study(factories.site())
    counted = {
        (status, where): rescreening.count(rescreening.Wish(new, status, site if where else None)).studies
        for status in ("waiting", "read", "all")
        for where in (True, False)
    }
    assert counted == {
        ("waiting", True): 0, ("waiting", False): 1, ("read", True): 1, ("read", False): 1, ("all", True): 1,
        ("all", False): 2,
    }  # fmt: skip
    day = read_study.received_at.date().replace(year=2999)
    assert rescreening.count(rescreening.Wish(new, "all", since=day)).images == 0

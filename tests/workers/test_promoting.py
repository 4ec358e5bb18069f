"""Adding, promoting, rolling back, shadow: what is refused, what is kept, and two people at once."""

import json
import threading
from functools import partial

import pytest
from django.db import connection

from ml import canary, registry
from ml import card as cards
from screening import rescreening
from screening.models import Event, ModelVersion
from tests import factories, stub_runtime
from workers import adding, promoting, versions
from workers.versions import Refused


@pytest.fixture
def card(tmp_path, db):
    """A function: the path of a whole model of that version, in a folder of its own."""

    def made(version="2", **content):
        folder = tmp_path / f"{version}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        return factories.served_model(folder, version, **content)

    return made


DEAD = {"seed": 1, "logit": 99.0, "tolerance": 0.02}


@pytest.fixture
def shipped_from(tmp_path, monkeypatch):
    """A function: FirstRead comes with a `default` of that version; the path of its card."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    monkeypatch.setattr(registry, "WEIGHTS", folder)
    return partial(factories.served_model, folder, name="default")


def changed(path, **content):
    path.write_text(json.dumps(json.loads(path.read_text()) | content))
    return path


def kinds():
    return list(Event.objects.values_list("kind", flat=True))


def test_a_whole_model_is_added_checked_and_kept(card):
    path = card()
    version, new = adding.add(path)
    for file in path.parent.iterdir():
        file.unlink()
    held = versions.card_of(version)
    assert new and version.checked_at and not (version.active or version.shadow)
    assert held.weights_path.exists() and held.report_path.exists()
    assert promoting.fit(version).weights_sha256 == version.sha256
    assert kinds() == ["model_added"]


def test_the_same_card_added_again_is_the_same_version(card):
    path = card()
    first, _ = adding.add(path)
    again, new = adding.add(path)
    assert (again, new, kinds()) == (first, False, ["model_added"])


def test_the_same_weights_calibrated_anew_are_another_version(card):
    path = card("2")
    first, _ = adding.add(path)
    second, new = adding.add(changed(path, temperature=1.7))
    assert new and second != first and second.sha256 == first.sha256


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: path.unlink(), "no model card"),
        (lambda path: path.write_text("{"), "cannot be read as JSON"),
        (lambda path: changed(path, schema=1), "schema 1"),
        (lambda path: changed(path, temperature=0), "no usable calibration"),
        (lambda path: changed(path, operating_points={"likely": 0.2, "uncertain": 0.7}), "operating points"),
        (lambda path: changed(path, preprocess_version="pixels-0"), "pixels-0"),
        (lambda path: changed(path, name="../etc"), "called '../etc'"),
        (lambda path: (path.parent / "stub.weights.h5").write_bytes(b"others"), "differ from their card"),
        (lambda path: (path.parent / "stub.weights.h5").unlink(), "not beside their card"),
        (lambda path: (path.parent / "stub.report.html").unlink(), "no report"),
        (lambda path: changed(path, credit="a\0b"), "no text"),
        (lambda path: changed(path, credit="\ud800"), "no text"),
        (lambda path: changed(path, ppv_table={"0.2": float("nan")}), "NaN|wrong form"),
        (lambda path: changed(path, canary={"seed": 1, "logit": 99.0, "tolerance": 0.02}), "canary"),
    ],
)
def test_what_is_not_whole_is_refused_in_a_sentence_and_nothing_is_kept(card, harm, said):
    path = card("broken")
    kept = versions.folder("x").parent
    before = set(kept.iterdir()) if kept.exists() else set()
    harm(path)
    with pytest.raises(Refused, match=said):
        adding.add(path)
    assert not ModelVersion.objects.exists() and not Event.objects.exists()
    assert (set(kept.iterdir()) if kept.exists() else set()) == before


def test_promoted_it_orders_and_a_roll_back_is_one_step(card):
    first, _ = adding.add(card("1"))
    second, _ = adding.add(card("2"))
    promoting.promote(first)
    promoting.promote(second)
    assert ModelVersion.objects.get(active=True) == second
    assert promoting.roll_back() == first
    assert ModelVersion.objects.get(active=True) == first and promoting.before() == second
    assert kinds()[2:] == ["model", "model", "model_rollback"]
    last = Event.objects.last().detail
    assert (last["model"], last["was"], last["sha256"]) == (str(first.pk), str(second.pk), first.sha256)


def test_a_second_click_on_roll_back_does_not_lead_forward_again(card):
    first, second = adding.add(card("1"))[0], adding.add(card("2"))[0]
    promoting.promote(first)
    promoting.promote(second)
    promoting.roll_back(to=first.pk)
    with pytest.raises(Refused, match="Somebody was faster"):
        promoting.roll_back(to=first.pk)
    assert ModelVersion.objects.get(active=True) == first


def test_without_a_model_before_there_is_nothing_to_roll_back_to(card):
    promoting.promote(adding.add(card("1"))[0])
    with pytest.raises(Refused, match="nothing to roll back to"):
        promoting.roll_back()


def test_weights_that_were_changed_since_are_not_promoted(card):
    version, _ = adding.add(card("tampered"))
    versions.card_of(version).weights_path.write_bytes(b"others")
    for act in (promoting.promote, lambda each: promoting.set_shadow(each, True)):
        with pytest.raises(Refused, match="differ from their card"):
            act(version)
    assert not ModelVersion.objects.filter(active=True).exists()


def test_without_its_report_or_a_check_it_is_not_promoted(card):
    version, _ = adding.add(card("unreported"))
    ModelVersion.objects.update(checked_at=None)
    version.refresh_from_db()
    with pytest.raises(Refused, match="never checked by its canary"):
        promoting.promote(version)
    versions.card_of(version).report_path.unlink()
    with pytest.raises(Refused, match="no report"):
        promoting.promote(version)


def test_a_card_of_an_earlier_release_is_not_promoted_and_says_what_to_do(db):
    legacy = factories.model("0.9")
    legacy.card.pop("schema")
    legacy.card.pop("members")
    legacy.save()
    with pytest.raises(Refused, match=r"not a complete model card|schema 1"):
        promoting.promote(legacy)


def test_the_active_model_goes_into_no_shadow_and_a_resting_one_screens_nothing_again(card):
    active, _ = adding.add(card("1"))
    promoting.promote(active)
    with pytest.raises(Refused, match="promote another first"):
        promoting.set_shadow(active, True)
    resting, _ = adding.add(card("2"))
    with pytest.raises(Refused, match="neither active nor in shadow"):
        promoting.rescreen(rescreening.Wish(resting))


def test_a_model_whose_scores_people_were_shown_goes_into_no_shadow(card):
    first, second = adding.add(card("1"))[0], adding.add(card("2"))[0]
    promoting.promote(first)
    promoting.promote(second)
    with pytest.raises(Refused, match="was active once"):
        promoting.set_shadow(first, True)


def test_a_promotion_from_a_preview_that_is_out_of_date_is_refused(card):
    first, second, third = (adding.add(card(version))[0] for version in "123")
    promoting.promote(first, was="")
    promoting.promote(second, was=str(first.pk))
    with pytest.raises(Refused, match="Somebody was faster"):
        promoting.promote(third, was=str(first.pk))
    assert ModelVersion.objects.get(active=True) == second


def test_a_shipped_model_is_promoted_once_its_canary_was_scored_here(db, shipped_from):
    shipped_from("1")
    active = promoting.register_shipped()
    assert active.active and active.checked_at and kinds() == ["model_added", "model"]


def test_a_shipped_model_whose_canary_dies_is_refused_at_the_first_start(db, shipped_from):
    shipped_from("1", canary=DEAD)
    with pytest.raises(canary.CanaryMismatch):
        promoting.register_shipped()
    assert not ModelVersion.objects.filter(active=True).exists()


def test_an_update_that_cannot_serve_leaves_the_active_model_with_a_warning(db, shipped_from, caplog):
    shipped_from("1")
    first = promoting.register_shipped()
    path = shipped_from("2", canary=DEAD)
    assert promoting.register_shipped() == first
    assert "stays the active model" in caplog.text and "canary" in caplog.text
    path.write_text("{")
    assert promoting.register_shipped() == first


def test_a_model_is_loaded_at_one_start_and_not_at_every_one(db, shipped_from, monkeypatch):
    shipped_from("1")
    promoting.register_shipped()
    monkeypatch.setattr(canary, "check", lambda card, model: 1 / 0)
    assert promoting.register_shipped().active


def test_every_model_that_is_shipped_is_whole():
    shipped = registry.available()
    assert "default" in [card.name for card in shipped]
    for card in shipped:
        registry.check(card)
        registry.verify(card)
        assert registry.require_report(card)


def test_two_that_keep_the_same_model_at_once_both_succeed(card, monkeypatch):
    held = cards.load(card("twice"))
    remove, kept = adding.shutil.rmtree, versions.hash_of(versions.content_of(held))

    def overtaken(path, **options):
        remove(path, **options)
        if path.name == kept:
            monkeypatch.setattr(adding.shutil, "rmtree", remove)
            adding.keep(held, kept)

    monkeypatch.setattr(adding.shutil, "rmtree", overtaken)
    adding.keep(held, kept)
    assert (versions.folder(kept) / "stub.json").exists()
    assert not list(versions.folder(kept).parent.glob("*.draft"))


def test_a_runtime_that_breaks_and_a_place_that_is_closed_are_sentences_and_leave_nothing(card, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    for where, what, said in (
        (stub_runtime, "load", "cannot be loaded here"),
        (adding.shutil, "copyfile", "Permission denied"),
    ):
        with monkeypatch.context() as broken, pytest.raises(Refused, match=said):
            broken.setattr(where, what, denied)
            adding.add(card("denied"))
    assert not ModelVersion.objects.exists() and not Event.objects.exists()


def test_shadow_on_and_off_are_events(card):
    version, _ = adding.add(card())
    promoting.set_shadow(version, True)
    promoting.set_shadow(version, False)
    assert [each.detail["on"] for each in Event.objects.filter(kind="model_shadow")] == [True, False]


def test_a_name_an_id_and_the_beginning_of_a_hash_name_a_version(card):
    one, two = adding.add(card("1", name="chest"))[0], adding.add(card("2", name="chest"))[0]
    for text in (str(one.pk), one.card_sha256[:8], "chest 1"):
        assert versions.find(text) == one
    with pytest.raises(Refused, match=f"{two.card_sha256[:8]}"):
        versions.find("chest")
    with pytest.raises(Refused, match="There are: chest 1, chest 2"):
        versions.find("other")


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_promote_at_once_leave_one_active_model_and_both_events(card, transactional_db):
    promoting.promote(adding.add(card("1"))[0])
    site = factories.site()
    for _ in range(5):
        factories.study(site)
    rivals = [adding.add(card(version))[0] for version in ("2", "3")]
    start, failed = threading.Barrier(len(rivals)), []

    def promote(version):
        try:
            start.wait()
            promoting.promote(version)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=promote, args=(version,)) for version in rivals]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed
    assert ModelVersion.objects.get(active=True) in rivals
    promoted = Event.objects.filter(kind="model").values_list("detail__model", flat=True)
    assert sorted(promoted)[-3:] == sorted(promoted) and {str(each.pk) for each in rivals} < set(promoted)


def test_the_canary_is_asked_of_the_runtime_that_the_workers_use(card, monkeypatch):
    asked = []
    monkeypatch.setattr(canary, "check", lambda card, model: asked.append(type(model).__module__))
    adding.add(card())
    assert asked == ["tests.stub_runtime"]

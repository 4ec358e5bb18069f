"""The pages of the models: the list, a card, its report, promotion with its preview, re-screening, what changed."""

import pytest

from screening import queue
from screening.models import Event, ModelVersion, Screening
from workers import adding, promoting

REPORT_CSP = {
    "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "form-action 'none'", "base-uri 'none'",
    "frame-ancestors 'none'", "sandbox",
}  # fmt: skip


@pytest.fixture
def added(factories, tmp_path):
    """A function: a whole model, added."""

    def add(version, **card):
        folder = tmp_path / version
        folder.mkdir()
        return adding.add(factories.served_model(folder, version, **card))[0]

    return add


@pytest.fixture
def old(added):
    return promoting.promote(added("1"))


@pytest.fixture
def new(old, added):
    return promoting.set_shadow(added("2"), True)


@pytest.fixture
def boss(as_person, factories):
    return as_person(factories.administrator())


@pytest.fixture
def study(factories, home, old, new):
    """Scored 10 by the active model and 90 by the one in shadow."""
    made = factories.screened(factories.study(home), 0.1, by=old)
    return factories.screened(made, 0.9, by=new)


def text(client, address, **asked):
    answer = client.get(address, asked)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_list_tells_state_hash_ages_and_how_much_is_scored(boss, old, new, study, factories, home):
    factories.study(home)
    said = text(boss, "/models/")
    for part in (
        'class="tag ok">active',
        'class="tag urgent">shadow',
        old.sha256[:12],
        "1 to 5 years",
        "stub at 32 px",
    ):
        assert part in said
    assert said.count("1 of 2<") == 2
    assert 'href="/models/"' in said


def test_there_is_a_roll_back_only_where_something_was_active_before(boss, old, added):
    assert "Roll back" not in text(boss, "/models/")
    promoting.promote(added("2"))
    assert "Roll back to stub 1" in text(boss, "/models/")
    boss.post("/models/rollback")
    assert ModelVersion.objects.get(active=True) == old


def test_a_reader_opens_the_card_of_a_score_without_buttons(as_person, reader, old, study):
    client = as_person(reader)
    page = f"/models/{old.pk}/"
    assert page in text(client, f"/studies/{study.pk}/")
    said = text(client, page)
    assert "Limits" in said and old.sha256 in said and "1 %" in said
    for act in ("Promote", "shadow</button>", "Screen again", "All models"):
        assert act not in said


def test_the_card_says_figures_with_intervals_and_what_a_band_is_worth(boss, home, added):
    figures = {
        "auc": 0.9912,
        "intervals": {"auc": [0.98, 0.996]},
        "sensitivity": {"value": 0.96, "interval": [0.95, 1]},
    }
    version = added("7", figures=figures, limits=["Children alone."], credit="By somebody.")
    said = text(boss, f"/models/{version.pk}/")
    for part in ("0.991", "0.980 to 0.996", "0.960", "0.950 to 1.000", "Children alone.", "By somebody.", "Site home"):
        assert part in said
    assert "64 %" in said  # 0.1 * 0.8 / (0.1 * 0.8 + 0.9 * 0.05)


def test_a_card_of_an_earlier_release_is_shown_and_its_scores_keep_their_worth(
    boss, as_person, reader, factories, home
):
    legacy = factories.active_model("0.9")
    for name in ("schema", "members", "classes", "canary", "domain", "calibration", "report"):
        legacy.card.pop(name)
    legacy.save()
    study = factories.screened(factories.study(home), 0.9)
    assert "stub at 32 px" in text(boss, f"/models/{legacy.pk}/")
    assert "About 6 of 10 films" in text(as_person(reader), f"/studies/{study.pk}/")


def test_the_report_is_a_document_of_its_own_that_can_do_nothing(boss, old):
    answer = boss.get(f"/models/{old.pk}/report")
    assert b"".join(answer.streaming_content) == b"<h1>stub 1</h1>"
    assert {each.strip() for each in answer["Content-Security-Policy"].split(";")} == REPORT_CSP


def test_where_there_is_no_report_the_page_says_what_to_do(boss, factories):
    answer = boss.get(f"/models/{factories.active_model('none').pk}/report")
    assert answer.status_code == 404 and "manage.py model add CARD" in answer.content.decode()


def test_a_promotion_is_previewed_then_done(boss, old, new, study):
    said = text(boss, f"/models/{new.pk}/promote")
    assert "With stub 2, 1 waiting study moves up, 0 move down" in said
    assert ModelVersion.objects.get(active=True) == old
    boss.post(f"/models/{new.pk}/promote")
    study.refresh_from_db()
    assert (study.model_version, study.band) == (new, "likely")
    assert Event.objects.filter(kind="model").last().actor.roles == ["administrator"]


def test_a_promotion_from_a_page_that_is_out_of_date_is_refused(boss, old, new):
    assert f'name="was" value="{old.pk}"' in boss.get(f"/models/{new.pk}/promote").content.decode()
    answer = boss.post(f"/models/{new.pk}/promote", {"was": ""}, follow=True)
    assert "Somebody was faster" in answer.content.decode()
    assert ModelVersion.objects.get(active=True) == old


def test_how_far_it_is_is_asked_for_alone(boss, old, study):
    asked = boss.get(f"/models/{old.pk}/", HTTP_HX_REQUEST="true").content.decode()
    assert asked.startswith('<div id="progress"') and "films screened by it" in asked and "<h1>" not in asked


def test_a_refused_promotion_says_why_and_has_no_button(boss, old, factories):
    bare = factories.model("bare")
    said = text(boss, f"/models/{bare.pk}/promote")
    assert "It cannot be promoted" in said and "Promote stub bare</button>" not in said
    answer = boss.post(f"/models/{bare.pk}/promote", follow=True)
    assert "not beside their card" in answer.content.decode()
    assert ModelVersion.objects.get(active=True) == old


def test_shadow_is_one_click_either_way(boss, new):
    boss.post(f"/models/{new.pk}/shadow")
    assert not ModelVersion.objects.get(pk=new.pk).shadow
    boss.post(f"/models/{new.pk}/shadow", {"on": "1"})
    assert ModelVersion.objects.get(pk=new.pk).shadow


@pytest.mark.parametrize("page", ["/worklist/", "/studies/", "study"])
def test_a_shadows_score_and_name_are_nowhere(as_person, reader, study, new, page):
    said = text(as_person(reader), f"/studies/{study.pk}/" if page == "study" else page)
    assert "stub 2" not in said and new.sha256[:6] not in said and str(new.pk) not in said
    assert ">90<" not in said and "score 90" not in said


def test_after_a_promotion_the_study_shows_both_side_by_side(as_person, reader, study, new):
    promoting.promote(new)
    assert "stub 1: 10, stub 2: 90" in text(as_person(reader), f"/studies/{study.pk}/")


def test_a_rescreening_is_counted_before_it_is_started(boss, old, factories, home, reader):
    factories.read(factories.study(home), reader)
    Screening.objects.all().delete()
    page = f"/models/{old.pk}/rescreen"
    assert "<b>1</b>to screen" in text(boss, page, status="read")
    answer = boss.post(page, {"status": "read"})
    assert answer.url == f"/models/{old.pk}/"
    assert Screening.objects.get().priority == 3
    assert "0 of 1 films screened by it, 1 pending" in text(boss, answer.url)
    assert Event.objects.get(kind="rescreen").detail["images"] == 1


def test_what_changed_is_listed_for_the_readers_of_the_site_and_counted_for_an_administrator(
    boss, as_person, reader, factories, away, study, old, new
):
    factories.read(study, reader)
    promoting.promote(new)
    asked = {"a": str(old.pk), "b": str(new.pk)}
    row = f"/studies/{study.pk}/"
    said = text(as_person(reader), "/models/changed", **asked)
    assert row in said and "Absent" in said
    said = text(boss, "/models/changed", **asked)
    assert row not in said and "1 study has another band" in said
    assert "0 studies have another band" in text(as_person(factories.radiologist(away)), "/models/changed", **asked)


def test_a_reader_finds_what_changed_on_the_card_once_both_are_shown(as_person, reader, study, old, new):
    link = f"?a={old.pk}&amp;b={new.pk}"
    client = as_person(reader)
    assert link not in text(client, f"/models/{new.pk}/")
    promoting.promote(new)
    assert link in text(client, f"/models/{new.pk}/")


def test_what_a_shadow_would_change_is_no_readers_to_see(boss, as_person, reader, study, old, new):
    asked = {"a": str(old.pk), "b": str(new.pk)}
    assert as_person(reader).get("/models/changed", asked).status_code == 404
    assert "1 study has another band" in text(boss, "/models/changed", **asked)


def test_a_film_unlike_the_models_says_so_and_shows_no_score(as_person, reader, factories, home, old):
    study = factories.screened(factories.study(home), 0.98, outside_domain=True)
    client = as_person(reader)
    why = "he film looks unlike the films the model learned from"
    assert f"T{why}." in text(client, f"/studies/{study.pk}/")
    assert f"t{why}" in text(client, "/worklist/")
    for page in (f"/studies/{study.pk}/", "/worklist/"):
        assert "score 98" not in text(client, page) and ">98<" not in text(client, page)


def test_the_two_kinds_of_pneumonia_are_shown_as_research_only(as_person, reader, factories, home, old):
    study = factories.screened(factories.study(home), 0.83, subtypes={"bacterial": 0.61, "viral": 0.22})
    said = text(as_person(reader), f"/studies/{study.pk}/")
    assert "Research only, not validated: bacterial 61, viral 22 of 100." in said


def test_the_batch_page_says_uncertain_of_a_film_unlike_the_models(as_person, factories, home, sender, old):
    batch = factories.batch(home, sender)
    study = factories.study(home, batch=batch)
    image = study.images.get()
    batch.receipts.create(name="x.png", outcome="accepted", study=study, image=image)
    rows = queue.claim(Screening.objects.all(), "w", 1)
    queue.complete([queue.Result(rows[0], 4.0, 0.98, "likely", "v", 1.0, outside_domain=True)], "w")
    said = text(as_person(sender), f"/batches/{batch.pk}/")
    assert "Uncertain" in said and ">98<" not in said

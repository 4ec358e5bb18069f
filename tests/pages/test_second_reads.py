"""The pages of second reads: what they show, what they keep back, and that every answer has a sentence."""

import re
from datetime import timedelta

import pytest

from screening import reading, rereading, second_reads
from screening.models import Draft, Job, Read, SecondRead

LIST, AGREEMENT = "/second-reads/", "/second-reads/agreement"


@pytest.fixture
def first(factories, home, model):
    type(home).objects.update(second_read_share=0)
    return factories.radiologist(home, first_name="Ada", last_name="First")


@pytest.fixture
def opened(factories, home, first):
    """A second read of a study with a lateral film, that the AI called less likely and the first reader present."""
    study = factories.study(home, age_years=4, sex="F")
    factories.image(study, seed=2, view="LATERAL", gate="lateral")
    factories.screened(study, 0.0423)
    factories.claimed(study, first)
    said = {"finding": "present", "comment": "Consolidation at the left base."}
    reading.sign(study, first, version=study.version, **said)
    return SecondRead.objects.get()


@pytest.fixture
def client(as_person, reader):
    return as_person(reader)


def page(opened, act=""):
    return f"{LIST}{opened.pk}/{act}"


def told(client, address):
    """Where one is led, and what one is told there."""
    answer = client.get(address, follow=True)
    return answer.request["PATH_INFO"], re.sub(r"\s+", " ", answer.content.decode())


def body(answer):
    """The page without its foot, which speaks of no study, and without tokens, in which any letters may stand."""
    text = re.sub(r'<footer class="foot">.*?</footer>', "", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\b[A-Za-z0-9]{32,}\b", "", text)


def sign(client, opened, finding, **said):
    return client.post(page(opened, "sign"), {"version": opened.study.version, "finding": finding, **said}, follow=True)


def test_the_list_says_what_waits_and_not_why(client, opened):
    text = body(client.get(LIST))
    assert "4 y" in text and "To read 1" in text and "Next second read" in text
    for kept_back in ("less", "likely", "Present", "random", "score", "Ada"):
        assert kept_back not in text


def test_an_empty_list_says_what_comes_here(client, model):
    assert "No second read for you" in body(client.get(LIST))


def test_whoever_knows_the_report_is_told_why_the_list_is_empty(as_person, first, opened):
    assert "1 open at your sites is not for you" in body(as_person(first).get(LIST))


def test_a_site_with_one_radiologist_is_told_that_nobody_can_read_twice(as_person, first, opened, home):
    text = body(as_person(first).get(LIST))
    assert f"{home} has 1 radiologist:" in text and "set the share that is drawn at random to 0" in text


def test_next_claims_and_opens_it(client, opened, reader):
    answer = client.post(LIST + "next")
    assert answer.url == page(opened)
    opened.refresh_from_db()
    assert opened.claimed_by == reader


def test_next_on_an_empty_list_says_so(client, model):
    answer = client.post(LIST + "next", follow=True)
    assert "No second read waits for you now." in answer.content.decode()


def test_the_second_reader_sees_nothing_of_the_ai_nor_of_the_first_report(client, opened):
    client.post(page(opened, "claim"))
    text = body(client.get(page(opened)))
    assert "second read, blinded" in text and 'name="finding"' in text
    for kept_back in ("ikely", "score", "AI", "explain", "stub", "0.04", "left base", "Ada", "checked", "model"):
        assert kept_back not in re.sub(r'/images/[^"]*', "", text), kept_back


@pytest.mark.parametrize("claimed", [True, False])
@pytest.mark.parametrize("door", ["/studies/", "/studies/{0.pk}/ai", "/studies/{0.pk}/ai?quiet=1", "/api/v1/studies"])
def test_no_other_door_tells_whoever_reads_it_now_or_may_do_so_next(client, opened, door, claimed):
    if claimed:
        client.post(page(opened, "claim"))
    answer = client.get(door.format(opened.study))
    text = re.sub(r"/images/[^\"]*", "", body(answer))
    assert answer.status_code == 200
    for kept_back in ("ess likely", "less_likely", "score 4", ">4<", "0.04", "stub", "left base"):
        assert kept_back not in text, kept_back
    assert second_reads.waiting(answer.wsgi_request.user)


def test_where_the_model_looked_and_what_models_changed_are_hidden_too(client, factories, opened, model):
    image = opened.study.images.first()
    job = Job.objects.create(kind="explain", image=image, model_version=model, state="done", file="explanations/x.png")
    assert client.get(f"/explanations/{job.pk}").status_code == 404
    assert "once you have chosen a finding" in client.get(f"/images/{image.pk}/explain").content.decode()
    newer = factories.active_model("2")
    factories.screened(opened.study, 0.9)
    changed = client.get(f"/models/changed?a={model.pk}&b={newer.pk}").content.decode()
    assert "What changed" in changed and str(opened.study.pk) not in changed


def test_a_finding_that_was_seen_beside_a_later_film_of_the_patient_is_no_secret(client, factories, opened, reader):
    earlier = opened.study.received_at - timedelta(days=1)
    type(opened.study).objects.update(patient_id="P-1", received_at=earlier)
    later = factories.claimed(factories.study(opened.study.site, patient_id="P-1"), reader)
    assert second_reads.waiting(reader)
    client.get(f"/studies/{later.pk}/")
    assert not second_reads.waiting(reader)


def test_the_studys_own_page_leads_back_while_one_holds_the_claim(client, opened):
    client.post(page(opened, "claim"))
    assert client.get(f"/studies/{opened.study.pk}/").url == page(opened)
    assert sign(client, opened, "present").status_code == 200
    assert client.get(f"/studies/{opened.study.pk}/").status_code == 200


def test_looking_at_the_film_and_the_page_leaves_one_blinded(client, opened, reader):
    client.post(page(opened, "claim"))
    client.get(page(opened))
    client.get(f"/images/{opened.study.images.first().pk}/viewing")
    sign(client, opened, "present")
    assert Read.objects.get(kind="second").reader == reader


def test_looking_at_the_study_first_means_that_another_reads_it(client, opened):
    client.get(f"/studies/{opened.study.pk}/")
    client.post(page(opened, "claim"))
    opened.refresh_from_db()
    assert opened.claimed_by is None


def test_without_a_claim_the_page_leads_to_the_list(client, opened):
    where, text = told(client, page(opened))
    assert (where, "is not yours now" in text) == (LIST, True)


def test_a_draft_is_kept_and_renews_the_claim(client, opened, reader):
    client.post(page(opened, "claim"))
    answer = client.post(
        page(opened, "draft"), {"finding": "absent", "comment": "so far"}, headers={"HX-Request": "true"}
    )
    assert "Draft kept" in answer.content.decode() and 'id="claim"' in answer.content.decode()
    assert Draft.objects.get(reader=reader).comment == "so far"
    assert "so far" in client.get(page(opened)).content.decode()


def test_a_draft_without_a_claim_says_how_to_go_on(client, opened):
    text = client.post(page(opened, "draft"), {"finding": "absent"}, headers={"HX-Request": "true"}).content.decode()
    assert "Your claim on this second read has ended" in text and "Claim again" in text


def test_two_tabs_of_one_reader_overwrite_nothing(client, opened):
    client.post(page(opened, "claim"))
    client.post(page(opened, "draft"), {"comment": "one"})
    answer = sign(client, opened, "absent", comment="two")
    assert "Changed in another tab" in answer.content.decode() and not Read.objects.filter(kind="second").exists()


def test_nobody_without_the_right_keeps_a_draft_on_it(as_person, first, opened):
    as_person(first).post(page(opened, "draft"), {"comment": "mine"})
    assert not Draft.objects.exists()


def test_released_it_is_for_another(client, opened):
    client.post(page(opened, "claim"))
    answer = client.post(page(opened, "release"), {"comment": "so far"}, follow=True)
    assert "another reader may take it" in answer.content.decode()
    assert Draft.objects.get().comment == "so far"


def test_signing_settles_it_where_both_agree(client, opened):
    client.post(page(opened, "claim"))
    answer = sign(client, opened, "present")
    assert "Second read signed: present. No other one waits for you now." in answer.content.decode()
    opened.refresh_from_db()
    assert opened.stage == "settled"


def test_signing_without_a_finding_says_so_and_keeps_the_draft(client, opened):
    client.post(page(opened, "claim"))
    answer = sign(client, opened, "", comment="hm")
    assert "Choose a finding before you sign." in answer.content.decode()
    assert Draft.objects.get().comment == "hm"


@pytest.mark.parametrize("sent", [{"version": "x"}, {"version": 10**30, "finding": "present"}, {}])
def test_bad_input_gets_a_sentence(client, opened, sent):
    client.post(page(opened, "claim"))
    answer = client.post(page(opened, "sign"), sent, follow=True)
    assert answer.status_code == 200 and 'class="warning"' in answer.content.decode()


def test_the_third_reader_sees_both_findings_the_ai_and_no_names(client, opened, factories, home):
    second = factories.radiologist(home, first_name="Ben", last_name="Second")
    rereading.claim(opened, second)
    said = {"finding": "absent", "comment": "Rotated, no opacity."}
    rereading.sign(opened, second, version=opened.study.version, **said)
    assert "two readers differ" in body(client.get(LIST))
    client.post(page(opened, "claim"))
    text = body(client.get(page(opened)))
    for shown in ("Two readers differ", "left base", "Rotated", "Less likely", "score 4", "stub"):
        assert shown in text
    for hidden in ("Ada", "Ben"):
        assert hidden not in text
    answer = sign(client, opened, "absent")
    assert "Adjudication signed: absent." in answer.content.decode()
    assert reading.report(opened.study).kind == "adjudication"


def test_what_is_of_another_site_does_not_exist(as_person, factories, away, opened):
    stranger = as_person(factories.radiologist(away))
    assert stranger.get(page(opened)).status_code == 404
    assert {stranger.post(page(opened, act)).status_code for act in ("claim", "release", "draft", "sign")} == {404}


@pytest.mark.parametrize(("role", "listed", "figures"), [
    ("technologist", 403, 403), ("administrator", 403, 403), ("clinical_lead", 403, 200), ("radiologist", 200, 200)
])  # fmt: skip
def test_who_sees_what(as_person, factories, home, model, role, listed, figures):
    client = as_person(factories.person(role, home))
    assert (client.get(LIST).status_code, client.get(AGREEMENT).status_code) == (listed, figures)


def test_agreement_says_what_is_too_few_and_what_became_of_contradictions(client, opened):
    text = body(client.get(AGREEMENT))
    assert "too few yet" in text and "AI less likely, first reader present" in text and "drawn at random" in text


@pytest.mark.parametrize(
    "asked", ["?site=nowhere", "?since=x&until=2026-99-99", "?until=9999-12-31", "?site=%00&since=0001-01-01"]
)
def test_what_is_asked_of_agreement_may_not_fit(client, opened, asked):
    assert client.get(AGREEMENT + asked).status_code == 200


def test_agreement_by_site_and_days(client, opened, home):
    day = opened.first.signed_at.date().isoformat()
    assert "1 signed study" in body(client.get(f"{AGREEMENT}?site={home.code}&since={day}&until={day}"))
    assert "0 signed studies" in body(client.get(f"{AGREEMENT}?until=2020-01-01"))

"""Claiming, drafting, signing and adding, through the pages."""

import re
from datetime import timedelta

import pytest

from screening import reading
from screening.models import Draft, Event, Read, Study

S = Study.Status


@pytest.fixture
def client(as_person, reader):
    return as_person(reader)


@pytest.fixture
def study(factories, home, model):
    return factories.screened(factories.study(home), 0.9)


def post(client, study, what, **fields):
    return client.post(f"/studies/{study.pk}/{what}", fields, follow=True)


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def sign(client, study, finding="absent", **fields):
    return post(client, study, "sign", version=study.version, finding=finding, **fields)


def lose(study):
    """The claim runs out, as after 15 idle minutes, and the sweep returns the study."""
    Study.objects.filter(pk=study.pk).update(claimed_until=study.claimed_until - timedelta(hours=1))
    reading.expire_claims()


def test_a_claimed_study_opens_with_the_form_and_the_clock(client, study, model):
    answer = post(client, study, "claim")
    for words in ("yours until", "Likely pneumonia", "score 90", str(model), "Technically inadequate"):
        assert words in text(answer)


def test_the_band_is_shown_with_what_it_is_worth_at_the_site(client, study):
    # Of CARD's rates: 0.1 x 0.8 / (0.1 x 0.8 + 0.9 x 0.05) = 0.64.
    shown = text(client.get(f"/studies/{study.pk}/"))
    assert "About 6 of 10 films with this band have pneumonia at this site&#x27;s 10 % prevalence" in shown


def test_a_study_of_another_reader_is_not_claimed_and_the_page_says_so(client, factories, study, home):
    factories.claimed(study, factories.radiologist(home))
    assert "Another reader has this study" in text(post(client, study, "claim"))


def test_a_signed_study_leads_straight_to_the_next(client, factories, home, study, reader):
    following = factories.study(home)
    factories.claimed(study, reader)
    answer = sign(client, study, "present", comment="Right lower zone.")
    assert answer.redirect_chain == [(f"/studies/{following.pk}/", 302)]
    read = Read.objects.get()
    assert (read.finding, read.comment, read.reader, read.band) == ("present", "Right lower zone.", reader, "likely")
    following.refresh_from_db()
    assert following.claimed_by == reader


def test_after_the_last_study_the_worklist_says_that_all_is_read(client, factories, study, reader):
    factories.claimed(study, reader)
    answer = sign(client, study)
    assert answer.redirect_chain == [("/worklist/", 302)]
    assert "All read" in text(answer)


def test_a_late_signature_is_refused_and_what_was_written_is_kept(client, factories, study, reader):
    factories.claimed(study, reader)
    lose(study)
    answer = sign(client, study, "present", comment="half an hour of thought")
    assert "nothing was signed" in text(answer)
    assert not Read.objects.exists()
    assert Draft.objects.get().comment == "half an hour of thought"
    assert "Claim and go on with your draft" in text(answer)


def test_a_late_signature_never_touches_what_another_reader_signed(client, factories, home, study, reader):
    factories.claimed(study, reader)
    lose(study)
    study.refresh_from_db()
    factories.read(study, factories.radiologist(home), "absent")
    answer = sign(client, study, "present", comment="half an hour of thought")
    assert Read.objects.get().finding == "absent"
    assert "nothing was signed, and your draft is kept" in text(answer)
    assert "half an hour of thought" in answer.content.decode()


def test_what_was_kept_goes_into_an_addendum_and_is_a_draft_no_longer(client, factories, home, study, reader):
    factories.claimed(study, reader)
    lose(study)
    study.refresh_from_db()
    factories.read(study, factories.radiologist(home), "absent")
    page = post(client, study, "draft", finding="present", comment="so far")
    assert '<details class="more" id="adding" open>' in client.get(f"/studies/{study.pk}/").content.decode(), page
    post(client, study, "addend", finding="present", comment="so far")
    assert not Draft.objects.exists()


def test_an_image_that_joined_is_shown_before_signing(client, factories, study, reader):
    factories.claimed(study, reader)
    seen = study.version
    factories.join(study)
    answer = client.post(f"/studies/{study.pk}/sign", {"version": seen, "finding": "absent"}, follow=True)
    assert "A new image joined" in text(answer)
    assert answer.content.decode().count('class="pick"') == 2
    assert not Read.objects.exists()
    assert sign(client, study).redirect_chain[0][0] == "/worklist/"


def test_signing_needs_a_finding(client, factories, study, reader):
    factories.claimed(study, reader)
    answer = post(client, study, "sign", version=study.version, comment="so far")
    assert "Choose a finding" in text(answer)
    assert "so far" in answer.content.decode()


def test_a_draft_is_kept_and_renews_the_claim(client, factories, study, reader):
    factories.claimed(study, reader)
    Study.objects.filter(pk=study.pk).update(claimed_until=study.claimed_until - timedelta(minutes=10))
    answer = post(client, study, "draft", finding="absent", comment="so far")
    assert "Draft kept" in text(answer)
    assert Draft.objects.get().comment == "so far"
    study.refresh_from_db()
    assert study.claimed_until > Draft.objects.get().saved_at + timedelta(minutes=14)


def test_a_draft_outlives_the_claim_and_the_answer_says_so(client, factories, study, reader):
    factories.claimed(study, reader)
    lose(study)
    answer = post(client, study, "draft", comment="so far")
    assert "Your claim on this study has ended" in text(answer)
    assert "so far" in client.get(f"/studies/{study.pk}/").content.decode() or Draft.objects.get().comment == "so far"


def test_a_draft_that_comes_after_the_signature_is_dropped(client, factories, study, reader):
    factories.read(study, reader)
    post(client, study, "draft", comment="too late")
    assert not Draft.objects.exists()


def test_a_released_study_is_back_on_the_worklist_with_the_draft_kept(client, factories, study, reader):
    factories.claimed(study, reader)
    answer = post(client, study, "release", comment="so far")
    study.refresh_from_db()
    assert study.status == S.SCREENED
    assert answer.redirect_chain == [("/worklist/", 302)]
    assert Draft.objects.get().comment == "so far"


def test_a_signed_study_shows_its_report_and_takes_an_addendum(client, factories, study, reader):
    factories.read(study, reader, "absent", "Clear lungs.")
    assert "Clear lungs." in text(client.get(f"/studies/{study.pk}/"))
    answer = post(client, study, "addend", finding="present", comment="Seen again: retrocardiac.")
    assert "Addendum" in text(answer)
    first, second = Read.objects.all()
    assert (first.finding, second.finding, second.addendum_to) == ("absent", "present", first)


def test_an_addendum_needs_a_finding(client, factories, study, reader):
    factories.read(study, reader)
    assert "Choose a finding" in text(post(client, study, "addend", comment="and?"))
    assert Read.objects.count() == 1


def test_an_answer_that_comes_while_one_reads_is_a_quiet_line(client, factories, home, model, reader):
    study = factories.claimed(factories.study(home), reader)
    page = client.get(f"/studies/{study.pk}/").content.decode()
    poll = re.search(r'id="news"[^>]*hx-get="([^"]+)"', page)[1].replace("&amp;", "&")
    assert client.get(poll).status_code == 204
    factories.screened(study, 0.9)
    line = client.get(poll)
    assert "The AI&#x27;s answer has come" in text(line).replace("'", "&#x27;")
    assert "Likely" not in text(line)
    assert "Likely pneumonia" in text(client.get(f"/studies/{study.pk}/ai"))


def test_an_image_that_joins_while_one_reads_is_told(client, factories, study, reader):
    factories.claimed(study, reader)
    page = client.get(f"/studies/{study.pk}/").content.decode()
    poll = re.search(r'id="news"[^>]*hx-get="([^"]+)"', page)[1].replace("&amp;", "&")
    factories.join(study)
    assert "A new image joined this study" in text(client.get(poll))


def test_a_study_that_nobody_reads_shows_the_answer_as_soon_as_it_is_there(client, factories, home, model):
    study = factories.study(home)
    page = client.get(f"/studies/{study.pk}/").content.decode()
    poll = re.search(r'class="answer"[^>]*hx-get="([^"]+)"', page)[1].replace("&amp;", "&")
    assert client.get(poll).status_code == 204
    factories.screened(study, 0.9)
    answer = client.get(poll).content.decode()
    assert "score 90" in answer
    assert "hx-trigger" not in answer


@pytest.mark.parametrize("what", ["claim", "release", "draft", "sign", "addend", "show-ai", "hand-over"])
def test_only_a_radiologist_of_the_site_reads(factories, home, away, as_person, study, what):
    fields = {"version": 1, "finding": "absent"}
    people = {
        403: [factories.technologist(home), factories.person("clinical_lead", home), factories.administrator(home)],
        404: [factories.radiologist(away)],
    }
    for status, refused in people.items():
        for person in refused:
            assert as_person(person).post(f"/studies/{study.pk}/{what}", fields).status_code == status
    study.refresh_from_db()
    assert (study.status, Read.objects.count(), Draft.objects.count()) == (S.SCREENED, 0, 0)


@pytest.mark.parametrize(
    "what",
    [
        "claim",
        "release",
        "draft",
        "sign",
        "addend",
        "show-ai",
        "hand-over",
        "end-claim",
        "withdraw",
        "restore",
        "class",
    ],
)
def test_nothing_changes_by_a_link(client, study, what):
    assert client.get(f"/studies/{study.pk}/{what}").status_code == 405


def test_opening_a_study_is_an_event_and_polling_is_none(client, study, reader):
    client.get(f"/studies/{study.pk}/")
    client.get(f"/studies/{study.pk}/ai")
    assert Event.objects.filter(kind="view", actor=reader, study=study).count() == 1


def test_the_ais_answer_alone_is_an_event_too(client, study, reader):
    client.get(f"/studies/{study.pk}/ai")
    assert Event.objects.filter(kind="view", actor=reader, study=study).count() == 1


SAID = {"side": "left", "certainty": "probable", "urgent": "free air", "told_to": "duty doctor"}


def test_all_that_was_said_is_drafted_signed_and_shown(client, factories, study, reader):
    factories.claimed(study, reader)
    told = {"told_at": "2026-01-02T03:04:05.000Z"}
    post(client, study, "draft", finding="present", **SAID, **told)
    page = client.get(f"/studies/{study.pk}/").content.decode()
    assert 'value="2026-01-02T03:04:05+00:00"' in page and "free air" in page and 'value="duty doctor"' in page
    sign(client, study, "present", **SAID, **told)
    read = Read.objects.get()
    assert {name: getattr(read, name) for name in SAID} == SAID
    assert read.told_at.isoformat() == "2026-01-02T03:04:05+00:00"
    page = text(client.get(f"/studies/{study.pk}/"))
    assert "Present , left, probable" in page and "Told to duty doctor" in page


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"urgent": "free air"}, "Say whom you told"),
        ({"told_to": "duty doctor"}, "Say which urgent finding"),
        ({"urgent": "x", "told_to": "y", "told_at": "9999-01-01T00:00Z"}, "lies ahead"),
        ({"urgent": "x", "told_to": "y", "told_at": "noon"}, "Say when you told"),
        ({"urgent": "x", "told_to": "y", "told_at": "0001-01-01T00:00+14:00"}, "Say when you told"),
        ({"urgent": "x" * 501, "told_to": "y"}, "501 characters are too many"),
        ({"comment": "x" * 4001}, "4001 characters are too many"),
        ({"finding": "healthy"}, "Choose a finding"),
        ({"version": "one"}, "Enter a whole number"),
    ],
)
def test_what_cannot_be_signed_gets_a_sentence_and_nothing_is_signed(client, factories, study, reader, said, words):
    factories.claimed(study, reader)
    assert words in text(
        client.post(f"/studies/{study.pk}/sign", {"version": 1, "finding": "absent", **said}, follow=True)
    )
    assert not Read.objects.exists()


def test_an_urgent_finding_may_stay_open_where_nobody_is_reached(client, factories, study, reader):
    factories.claimed(study, reader)
    sign(client, study, "absent", urgent="free air", nobody_told="on")
    assert (Read.objects.get().urgent, Read.objects.get().told_to) == ("free air", "")
    assert "Nobody was reached" in text(client.get(f"/studies/{study.pk}/"))


def test_what_browsers_make_of_a_lines_end_counts_once(client, factories, study, reader):
    factories.claimed(study, reader)
    sign(client, study, comment="\r\n".join(["x"] * 2000) + "\x00")
    assert Read.objects.get().comment == "\n".join(["x"] * 2000)


def test_two_tabs_show_both_texts_and_overwrite_nothing(client, factories, study, reader):
    factories.claimed(study, reader)
    post(client, study, "draft", finding="absent", comment="first tab", seen="")
    answer = post(client, study, "draft", finding="present", comment="second tab", seen="")
    assert "Changed in another tab" in text(answer) and "first tab" in text(answer)
    assert Draft.objects.get().comment == "first tab"
    for act in ("sign", "release", "hand-over"):
        page = client.post(
            f"/studies/{study.pk}/{act}", {"version": 1, "finding": "present", "comment": "second tab", "seen": ""}
        )
        assert page.status_code == 200 and "first tab" in text(page) and "second tab" in text(page)
    assert (Draft.objects.get().comment, Read.objects.count()) == ("first tab", 0)
    kept = re.search(r'"seen": "([^"]+)"', answer.content.decode())[1]
    assert "Draft kept" in text(post(client, study, "draft", finding="present", comment="second tab", seen=kept))
    assert Draft.objects.get().comment == "second tab"


def test_a_saved_draft_says_when_so_that_the_next_one_follows_it(client, factories, study, reader):
    factories.claimed(study, reader)
    seen = ""
    for words in ("one", "one two", "one two three"):
        answer = client.post(
            f"/studies/{study.pk}/draft", {"comment": words, "seen": seen}, headers={"HX-Request": "true"}
        )
        seen = re.search(r'id="seen"[^>]*value="([^"]+)"', answer.content.decode())[1]
    assert Draft.objects.get().comment == "one two three"


def test_a_handed_over_study_is_under_the_receivers_claims_with_the_draft(
    client, factories, home, as_person, study, reader
):
    factories.claimed(study, reader)
    to = factories.radiologist(home, first_name="Ben", last_name="Two")
    assert "Ben Two" in client.get(f"/studies/{study.pk}/").content.decode()
    answer = post(client, study, "hand-over", to=to.pk, comment="please look at the left base")
    assert answer.redirect_chain == [("/worklist/", 302)] and "Handed over to Ben Two" in text(answer)
    page = text(as_person(to).get(f"/studies/{study.pk}/"))
    assert f"Handed over to you by {reader.username}" in page and "please look at the left base" in page
    assert "You have handed this study over" in text(post(client, study, "draft", comment="late"))


@pytest.mark.parametrize("to", ["", "nobody", "00000000-0000-0000-0000-000000000000"])
def test_handing_over_to_nobody_gets_a_sentence(client, factories, study, reader, to):
    factories.claimed(study, reader)
    assert "Choose whom to hand this study over to" in text(post(client, study, "hand-over", to=to))
    study.refresh_from_db()
    assert study.claimed_by == reader


def test_a_lead_ends_a_claim_and_the_reader_is_told_at_the_next_sign_of_life(
    client, factories, home, away, as_person, study, reader
):
    factories.claimed(study, reader)
    lead = factories.person("clinical_lead", home)
    assert "End this claim" in text(as_person(lead).get(f"/studies/{study.pk}/"))
    assert as_person(factories.person("clinical_lead", away)).post(f"/studies/{study.pk}/end-claim").status_code == 404
    answer = post(as_person(lead), study, "end-claim")
    assert "Claim ended" in text(answer)
    assert f"{lead.username} ended your claim" in text(post(client, study, "draft", comment="so far"))
    assert Draft.objects.get().comment == "so far"


def test_why_is_asked_after_a_contradiction_and_never_before(client, factories, study, reader):
    factories.claimed(study, reader)
    assert "Say why" not in text(client.get(f"/studies/{study.pk}/")).split("Keys on")[0]
    answer = sign(client, study, "absent")
    assert "Say why it was overruled" in text(answer) and "The pneumonia is faint or hidden" in text(answer)
    read = Read.objects.get()
    said = client.post(f"/reads/{read.pk}/why", {"reason": "quality"}, headers={"HX-Request": "true"})
    assert "Noted" in text(said)
    assert read.overruling.reason == "quality"
    assert Event.objects.get(kind="overruled").detail == {"read": str(read.pk), "reason": "quality"}
    assert "AI overruled: the film's quality misled it" in text(client.get(f"/studies/{study.pk}/")).replace(
        "&#x27;", "'"
    )
    assert "nothing was noted" in text(client.post(f"/reads/{read.pk}/why", {"reason": "dinner"}, follow=True))


def test_only_who_signed_says_why_and_only_of_a_contradiction(client, factories, home, as_person, model, study, reader):
    factories.read(study, reader, "absent")
    agreed = factories.read(factories.screened(factories.study(home), 0.9), reader, "present")
    other = as_person(factories.radiologist(home))
    assert other.post(f"/reads/{study.reads.get().pk}/why", {"reason": "faint"}).status_code == 404
    assert client.post(f"/reads/{agreed.reads.get().pk}/why", {"reason": "faint"}).status_code == 404
    assert "Say why" not in text(client.get("/worklist/"))


def test_an_addendum_takes_the_same_fields_and_a_refused_one_keeps_its_words(client, factories, study, reader):
    factories.read(study, reader, "absent")
    refused = post(client, study, "addend", comment="retrocardiac", urgent="free air")
    assert "Choose a finding" in text(refused) and "retrocardiac" in text(refused)
    post(client, study, "addend", finding="present", **SAID)
    assert reading.report(study).side == "left"


@pytest.mark.parametrize("told_at", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"])
def test_a_time_that_no_page_could_show_is_not_drafted(client, factories, study, reader, told_at):
    factories.claimed(study, reader)
    post(client, study, "draft", urgent="free air", told_at=told_at)
    assert "free air" in client.get(f"/studies/{study.pk}/").content.decode()
    assert Draft.objects.get().told_at is None

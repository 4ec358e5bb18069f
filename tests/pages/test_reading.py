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
    sign(client, study, "present")
    assert Read.objects.get().finding == "absent"


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


@pytest.mark.parametrize("what", ["claim", "release", "draft", "sign", "addend"])
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
    "what", ["claim", "release", "draft", "sign", "addend", "withdraw", "restore", "class", "retry"]
)
def test_nothing_changes_by_a_link(client, study, what):
    assert client.get(f"/studies/{study.pk}/{what}").status_code == 405


def test_opening_a_study_is_an_event_and_polling_is_none(client, study, reader):
    client.get(f"/studies/{study.pk}/")
    client.get(f"/studies/{study.pk}/ai")
    assert Event.objects.filter(kind="view", actor=reader, study=study).count() == 1

"""The turn-around page: its figures are those of the domain, in words, in plots and as CSV; and whose they are."""

import csv
import io
import re
from datetime import timedelta

import pytest

from screening import counted, counterfactual, turnaround, wording
from screening.models import Band, Priority, Read, Site, Study


@pytest.fixture
def lead(factories, home):
    return factories.person("clinical_lead", home)


@pytest.fixture
def client(as_person, lead):
    return as_person(lead)


@pytest.fixture
def signed(reader):
    """A function: a study at `site` that came so many minutes ago, was claimed and signed so many after it came."""

    def made(site, ago, claimed, signed, band=Band.LIKELY, **fields):
        came = counted.lately().until - timedelta(minutes=ago)
        study = Study.objects.create(
            site=site, received_at=came, due_at=came, cap_at=came + timedelta(hours=8), status=Study.Status.READ,
            screened_at=came + timedelta(minutes=1), first_claimed_at=came + timedelta(minutes=claimed),
            signed_at=came + timedelta(minutes=signed), **fields,
        )  # fmt: skip
        Read.objects.create(study=study, reader=reader, finding="absent", band=band)
        return study

    return made


@pytest.fixture
def busy(signed, home):
    """Two days with some of everything: likely ones are taken sooner."""
    for each in range(40):
        likely = each % 3 == 0
        band = Band.LIKELY if likely else Band.LESS_LIKELY
        wait = 10 + each if likely else 90 + 3 * each
        priority = Priority.STAT if each % 10 == 0 else Priority.ROUTINE
        signed(home, 2880 - 60 * each, wait, wait + 7, band, priority=priority)
    now = counted.lately().until
    Study.objects.create(site=home, received_at=now - timedelta(minutes=1), due_at=now, cap_at=now)
    return home


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def cells(answer, title):
    """The rows of the table under a heading, as texts."""
    section = re.search(rf"<section[^>]*>\s*<h2[^>]*>{title}</h2>.*?</section>", answer.content.decode(), re.S)[0]
    body = re.search(r"<tbody>.*</tbody>", section, re.S)[0]
    rows = re.findall(r"<tr>.*?</tr>", body, re.S)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)] for row in rows]


def said(wait):
    return wording.duration(wait.total_seconds())


def test_the_tables_hold_what_was_computed(client, busy):
    answer, found = client.get("/turnaround/"), turnaround.figures([busy], counted.lately())
    rows = cells(answer, "By band, as the AI said it at the signature")
    expected = []
    for row in [*found.bands, found.total]:
        stages = [said(w) if w is not None else "–" for s in row.stages for w in (s.median, s.p90, s.longest)]
        expected.append([str(row.studies), str(row.unsigned), *stages])
    assert [row[1:-1] for row in rows] == expected
    assert [row[0] for row in rows] == ["Likely", "Less likely", "Without a band", "All studies"]
    assert [row[0] for row in cells(answer, "By class")] == ["Stat", "Routine", "All studies"]


def test_the_replay_stands_beside_what_was(client, busy):
    answer = client.get("/turnaround/")
    rows = cells(answer, "Against first come, first served")
    for each, row in zip(counterfactual.against_fifo([busy], counted.lately()), rows, strict=True):
        assert row[1] == str(each.studies)
        assert row[2:10] == [said(w) for s in each.sides for w in (s.mean, s.median, s.p90, s.longest)]
    assert "sooner" in rows[0][-1] and "later" in rows[1][-1] and rows[2][-1] == "the same"
    text = text_of(answer)
    assert "The mean wait over all studies does not change by the order" in text
    assert "It assumes that readers would have begun at the same instants" in text


def test_what_is_not_signed_is_said_at_the_top(client, busy):
    assert re.search(r"Not signed yet 1 of 41 received in 4 weeks", text_of(client.get("/turnaround/")))


def test_each_plot_says_what_it_is_and_needs_no_style(client, busy):
    page = client.get("/turnaround/").content.decode()
    plots = re.findall(r"<svg class=\"plot\".*?</svg>", page, re.S)
    assert len(plots) == 3
    assert all('role="img"' in plot and "aria-label" in plot and "<desc>" in plot for plot in plots)
    assert "style=" not in page


def test_the_plot_of_the_weeks_goes_through_the_computed_medians(client, busy):
    page = client.get("/turnaround/").content.decode()
    # On a Monday morning the new week has no signature yet, and the line does not reach it.
    weeks = [row for row in turnaround.figures([busy], counted.lately()).weeks if row.signed.count]
    line = re.search(r'<polyline class="line" points="([^"]+)"', page)[1].split()
    frame = re.search(r'<rect class="frame" x="\d+" y="(\d+)" width="\d+" height="(\d+)"', page)
    top = 1.08 * max(row.signed.p90 for row in weeks)
    low = float(frame[1]) + float(frame[2])
    heights = [(low - float(point.split(",")[1])) / float(frame[2]) for point in line]
    assert heights == pytest.approx([row.signed.median / top for row in weeks], abs=0.002)


def test_the_csv_holds_the_same_figures(client, busy):
    answer = client.get("/turnaround/tables.csv?weeks=4")
    assert "attachment" in answer["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    found = turnaround.figures([busy], counted.lately())
    total = next(line for line in lines if line["group"] == "All studies")
    assert (total["studies"], total["not_signed_yet"]) == (str(found.total.studies), str(found.total.unsigned))
    assert total["signed_p90_min"] == f"{found.total.signed.p90 / timedelta(minutes=1):.1f}"
    replay = next(line for line in lines if line["table"].startswith("Against") and line["group"] == "Likely")
    likely = counterfactual.against_fifo([busy], counted.lately())[0]
    assert replay["fifo_mean_min"] == f"{likely.fifo.mean / timedelta(minutes=1):.1f}"
    share = turnaround.share_read([busy], counted.lately())["likely"]
    half = next(line for line in lines if line["group"] == "Likely: share signed within 0.5 h")
    assert half["share"] == f"{share[3]:.4f}"
    assert 0 < share[3] < 1
    assert {line["research_use"] for line in lines} == {wording.RESEARCH_USE}


def test_a_site_named_like_a_formula_does_no_harm_in_the_csv(client, lead, factories, signed):
    evil = factories.site("evil", name="=1+1")
    lead.sites.add(evil)
    signed(evil, 100, 10, 20)
    lines = csv.DictReader(io.StringIO(client.get("/turnaround/tables.csv").content.decode()))
    assert "'=1+1" in [line["group"] for line in lines]


def test_the_figures_are_of_the_own_sites_alone(client, busy, away, signed):
    signed(away, 100, 1, 2)
    assert " 41 received" in text_of(client.get("/turnaround/"))
    refused = text_of(client.get("/turnaround/?site=away"))
    assert "You have no such site; the figures are of all of yours." in refused
    assert " 41 received" in refused
    assert away.name not in refused


def test_an_administrator_of_no_site_sees_the_figures_of_all(as_person, factories, busy, away, signed):
    signed(away, 100, 1, 2)
    everywhere = factories.administrator()
    assert " 42 received" in text_of(as_person(everywhere).get("/turnaround/"))
    everywhere.sites.add(away)
    assert " of 1 received" in text_of(as_person(everywhere).get("/turnaround/"))


def test_the_demo_site_is_shown_and_marked_only_where_it_is_chosen(client, lead, busy, factories, signed):
    demo = factories.site("demo", demo=True)
    lead.sites.add(demo)
    signed(demo, 100, 1, 2, synthetic=True)
    mixed, alone = client.get("/turnaround/"), client.get("/turnaround/?site=demo")
    assert " 41 received" in text_of(mixed) and "synthetic phantoms" not in text_of(mixed)
    assert " of 1 received" in text_of(alone) and "synthetic phantoms" in text_of(alone)


def test_fewer_weeks_show_fewer_studies_and_a_bad_number_shows_four(client, home, signed):
    signed(home, 60 * 24 * 10, 5, 10)
    signed(home, 60, 5, 10)
    assert " of 1 received in 1 week" in text_of(client.get("/turnaround/?weeks=1"))
    assert " of 2 received in 2 weeks" in text_of(client.get("/turnaround/?weeks=2"))
    bad = client.get("/turnaround/?weeks=zwei&site=%00")
    assert bad.status_code == 200
    assert "Choose one of these; the figures are of four weeks." in text_of(bad)


def test_without_a_study_it_says_what_will_stand_here(client, as_person, factories):
    assert "Nothing came in 4 weeks" in text_of(client.get("/turnaround/"))
    assert "You belong to no site" in text_of(as_person(factories.radiologist()).get("/turnaround/"))
    assert client.get("/turnaround/tables.csv").status_code == 200


def test_studies_of_which_none_is_signed_have_figures_and_no_plot(client, factories, home):
    factories.study(home, ago=timedelta(minutes=1))
    answer = client.get("/turnaround/")
    assert "Not signed yet 1 of 1 received" in text_of(answer)
    assert '<svg class="plot"' not in answer.content.decode()


def test_it_tells_nothing_of_a_patient(client, home, signed):
    signed(home, 100, 1, 2, patient_name="Secret^Sally", patient_id="S-1", accession="A-1")
    for page in ("/turnaround/", "/turnaround/tables.csv"):
        text = client.get(page).content.decode()
        assert not [word for word in ("Secret", "S-1", "A-1") if word in text]


def test_it_stands_in_the_menu_of_those_who_may(as_person, factories, home):
    assert 'href="/turnaround/"' in as_person(factories.radiologist(home)).get("/studies/").content.decode()
    assert 'href="/turnaround/"' not in as_person(factories.technologist(home)).get("/studies/").content.decode()
    assert Site.objects.count() == 1

"""The simulation's page: sliders in the address, an outcome that is bounded, and one run at a time."""

import re
from time import monotonic

import pytest

from screening import goals, wording
from webportal.shipped_scores import validation_scores
from webportal.simulation_form import MOST_FILMS, WorldForm
from webportal.views import simulation

SMALL = {"days": 5, "seeds": 2}


@pytest.fixture
def client(as_person, factories, home):
    return as_person(factories.person("clinical_lead", home))


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def wish(**said):
    form = WorldForm(said)
    assert form.is_valid(), form.errors
    return form.wish()


def test_the_table_holds_what_was_computed(client):
    text = text_of(client.get("/simulation/", SMALL))
    run = wish(**SMALL).granted()
    found = goals.outcome(run.world, validation_scores()[1], run.seeds)
    for policy, groups in found.compared.means().items():
        for figures in groups.values():
            waits = " ".join(wording.duration(60 * figures[name]) for name in ("mean", "p95", "max"))
            assert f"{simulation.POLICIES[policy]} {waits}" in text
    for judged in found.judged():
        if judged.ratio:
            of = judged.ratio
            reached = f"at most {judged.goal.most:.2f} × here {of.mean:.2f} ({of.low:.2f} to {of.high:.2f})"
            assert f"{judged.goal.words} {reached}" in text


def test_the_plot_has_a_bar_for_every_mean_of_the_table(client):
    page = client.get("/simulation/", SMALL).content.decode()
    run = wish(**SMALL).granted()
    means = goals.outcome(run.world, validation_scores()[1], run.seeds).compared.means()
    frame = re.search(r'<rect class="frame" x="\d+" y="(\d+)" width="\d+" height="(\d+)"', page)
    bars = re.findall(r'<polygon class="bar (\w+)" points="([^"]+)"', page)
    heights = [(kind, float(frame[1]) + float(frame[2]) - float(points.split(",")[-1])) for kind, points in bars]
    waits = [
        (policy.value, means[policy][group]["mean"]) for group in simulation.GROUPS for policy in simulation.POLICIES
    ]
    assert [kind for kind, _ in heights] == [policy for policy, _ in waits]
    per = max(height for _, height in heights) / max(wait for _, wait in waits)
    assert [height for _, height in heights] == pytest.approx([per * wait for _, wait in waits], abs=0.2)


def test_the_page_says_what_it_is_and_whose_scores_it_draws(client):
    text, (card, _) = text_of(client.get("/simulation/", SMALL)), validation_scores()
    assert "A simulation, not a promise:" in text
    assert f"model {card.name} {card.version}" in text
    assert "The mean wait over all films does not change by the order" in text
    assert "pass" in text


def test_it_says_which_limit_fits_the_waits_where_every_hour_counts(client):
    world = SMALL | {"readers": 2}
    run = wish(**world).granted()
    wait = goals.outcome(run.world, validation_scores()[1], run.seeds).compared.means()["fifo"]["all"]["p95"]
    said = re.search(
        r"A limit for routine that fits these waits is about (\d+) min", text_of(client.get("/simulation/", world))
    )
    assert 0 <= int(said[1]) - 1.5 * wait < 15
    office = client.get("/simulation/", SMALL | {"opens": 8, "closes": 17, "readers": 3})
    assert "A limit for routine" not in text_of(office)


def test_every_slider_has_a_label_and_a_number_that_carries_it(client):
    page = client.get("/simulation/", SMALL).content.decode()
    form = WorldForm({})
    for field in form:
        assert f'<label for="{field.id_for_label}">' in page
        assert f'data-for="{field.id_for_label}"' in page
        assert f'name="{field.html_name}"' in page
    assert page.count('type="range"') == page.count('type="number"') == len(form.fields)
    assert "style=" not in page


def test_a_moved_slider_gets_the_outcome_alone(client):
    page = client.get("/simulation/", SMALL, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page and "Goals of the order" in page
    back = client.get("/simulation/", SMALL, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in back.content.decode()


def test_the_address_says_the_world(client):
    page = client.get("/simulation/", SMALL | {"readers": 3, "opens": 8, "closes": 17}).content.decode()
    assert re.search(r'<input type="number" name="readers" value="3"', page)
    assert re.search(r'data-for="id_closes"[^>]* value="17"', page)


def test_an_empty_form_is_the_world_of_the_design():
    world = wish().world
    assert (world.day_rate, world.night_rate, world.stat_share, world.prevalence) == (12, 3, 0.1, 0.2)
    assert (world.read_minutes, world.readers, world.hours) == (7, 1, (0, 24))
    assert (world.cap_stat, world.cap_routine) == (60, 480)


@pytest.mark.parametrize(
    "said",
    [
        {"days": 120, "seeds": 20},
        {"days": 120, "seeds": 20, "day_rate": 40, "night_rate": 40},
        {"days": 5, "seeds": 20, "day_rate": 40, "night_rate": 40},
        {"days": 120, "seeds": 2, "day_rate": 0.5, "night_rate": 0},
    ],
)
def test_what_is_simulated_is_bounded(said):
    asked = wish(**said)
    given = asked.granted()
    assert given.films <= MOST_FILMS
    assert given.seeds >= 2 and given.world.days >= 1
    assert (given == asked) == (asked.films <= MOST_FILMS)


def test_a_run_that_was_shortened_says_so(client, monkeypatch):
    monkeypatch.setattr("webportal.simulation_form.MOST_FILMS", 2000)
    text = text_of(client.get("/simulation/", {"days": 120, "seeds": 20}))
    assert "about 432,000 films. It was shortened to 5 days, 2 times over" in text


def test_the_largest_run_ends_in_seconds():
    largest = wish(days=120, seeds=20, day_rate=40, night_rate=40, readers=8).granted()
    began = monotonic()
    goals.outcome(largest.world, validation_scores()[1], largest.seeds)
    assert monotonic() - began < 60  # about 2 on an idle machine


def test_readers_who_cannot_keep_up_are_told_apart(client):
    assert "The readers cannot keep up" in text_of(client.get("/simulation/", SMALL | {"opens": 8, "closes": 17}))
    assert "The readers cannot keep up" not in text_of(client.get("/simulation/", SMALL))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"readers": "many"}, "Readers at once: Enter a whole number."),
        ({"readers": 9}, "Ensure this value is less than or equal to 8."),
        ({"day_rate": "nan"}, "Films an hour, 8 to 20: Enter a number."),
        ({"opens": 17, "closes": 8}, "Reading ends after it begins"),
        ({"day_rate": 0, "night_rate": 0}, "Some films have to arrive"),
        ({"days": "1" * 500}, "Days:"),
    ],
)
def test_what_cannot_be_simulated_gets_a_sentence(client, said, sentence):
    answer = client.get("/simulation/", said)
    assert answer.status_code == 200
    assert "Not simulated." in text_of(answer) and sentence in text_of(answer)


@pytest.fixture
def nothing_known():
    simulation._run.cache_clear()


def test_a_second_run_at_the_same_time_is_asked_to_wait(client, nothing_known):
    with simulation._turn:
        answer = client.get("/simulation/", SMALL)
    assert answer.status_code == 429
    assert simulation.BUSY in text_of(answer)
    assert client.get("/simulation/", SMALL).status_code == 200
    with simulation._turn:
        assert client.get("/simulation/", SMALL).status_code == 200, "what is known waits for nobody"


def test_a_run_that_fails_gives_its_turn_back(client, monkeypatch, nothing_known):
    def fails(*_):
        raise MemoryError

    monkeypatch.setattr(simulation, "_outcome", fails)
    with pytest.raises(MemoryError):
        client.get("/simulation/", SMALL)
    monkeypatch.undo()
    assert client.get("/simulation/", SMALL).status_code == 200

"""R20: a model whose files are missing or wrong fails no film: they wait, people are told why, and mended is mended."""

import time

import pytest

from ml import card as cards
from ml import registry
from screening import rollout
from screening.models import Heartbeat, ModelVersion, Screening
from tests import factories
from tests.faults import checker, drawn
from tests.faults.conftest import QUICK, SWEEP_S, all_ended, ring_for_all, until
from workers import adding, versions

pytestmark = pytest.mark.faults
FILMS = 20
NOT_LOADED = "no screening worker has loaded the active model; the operations page says why"


def problem():
    """What the worker says it is kept from its work by."""
    return Heartbeat.objects.filter(kind="model").exclude(problem="").values_list("problem", flat=True).first()


def assert_it_waits_and_says(said, client):
    """Nothing has failed, nothing was tried, and both pages say what is wrong."""
    assert said in until(problem, 180, "the worker says why")
    time.sleep(2 * QUICK["SWEEP_S"])
    untouched = ("pending", 0, 0, "")
    assert set(Screening.objects.values_list("state", "attempts", "crashes", "error_code")) == {untouched}
    ready = client.get("/readyz")
    assert ready.status_code == 503 and NOT_LOADED in ready.json()["missing"]
    client.force_login(factories.administrator())
    page = client.get("/operations/").content.decode()
    assert NOT_LOADED in page and said in page


def assert_it_goes_on(within_s, client):
    """Seconds until every film had its prediction."""
    began = time.monotonic()
    until(all_ended, within_s, "mended, every film is screened")
    assert set(Screening.objects.values_list("state", "attempts")) == {("done", 1)}
    checker.check()
    until(lambda: client.get("/readyz").status_code == 200, 60, "ready again")
    return time.monotonic() - began


def test_weights_that_are_missing_keep_the_films_waiting_until_they_are_back(installation, tmp_path, client):
    version = adding.add(factories.served_model(tmp_path))[0]
    rollout.activate(version)
    drawn.waiting(factories.site(), FILMS)
    weights = versions.folder(version.card_sha256) / version.card["weights"]
    kept = weights.read_bytes()
    weights.unlink()
    installation.start("sweeper", **QUICK)
    installation.start("screening", RUNTIME="tests.faults.checked_runtime", **QUICK)
    ring_for_all()
    assert_it_waits_and_says("are not beside their card", client)
    weights.write_bytes(kept)
    assert_it_goes_on(30, client)


def missing(version, weights):
    weights.unlink()


def truncated(version, weights):
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])


def another_byte(version, weights):
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)


def another_shape(version, weights):
    """The weights are whole, and belong to another network than the card says."""
    members = [{**each, "architecture": "cnn156"} for each in version.card["members"]]
    ModelVersion.objects.filter(pk=version.pk).update(card={**version.card, "members": members})


def another_canary(version, weights):
    """What is loaded does not score as what was judged."""
    canary = {**version.card["canary"], "logit": version.card["canary"]["logit"] + 1}
    ModelVersion.objects.filter(pk=version.pk).update(card={**version.card, "canary": canary})


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (missing, "are not beside their card"),
        (truncated, "differ from their card"),
        (another_byte, "differ from their card"),
        (another_shape, ""),
        (another_canary, "scores its canary"),
    ],
)
def test_the_shipped_model_harmed_in_any_way_keeps_the_films_waiting_until_it_is_mended(
    harm, said, installation, client, settings, capsys
):
    settings.RUNTIME = "ml.runtime.auto"
    card = cards.load(registry.WEIGHTS / "default.json")
    adding.check(card)  # as the preparation does: the graph of OpenVINO is exported, once
    version = versions.register(card)[0]
    adding.keep(card, version.card_sha256)
    rollout.activate(version)
    drawn.waiting(factories.site(), FILMS)
    weights = versions.folder(version.card_sha256) / card.weights
    kept = weights.read_bytes()
    harm(version, weights)
    installation.start("sweeper")
    worker = installation.start("screening", RUNTIME="ml.runtime.auto", LEASE_S=30)
    ring_for_all()
    assert_it_waits_and_says(said, client)
    weights.write_bytes(kept)
    ModelVersion.objects.filter(pk=version.pk).update(card=version.card)
    seconds = assert_it_goes_on(30 + SWEEP_S + 60, client)
    assert worker.alive
    with capsys.disabled():
        print(f"\n{harm.__name__}: screened {seconds:.0f} s after it was mended")

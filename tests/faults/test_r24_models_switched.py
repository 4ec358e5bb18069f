"""R24, R25: a model promoted in the middle of a queue while a worker is killed, taken back, and promoted again."""

from collections import Counter

import pytest
from django.db.models import Count

from screening.models import Prediction, Screening, Study
from tests import factories
from tests.faults import checker, drawn
from tests.faults.conftest import QUICK, all_ended, ring_for_all, until
from tests.faults.hashed_runtime import logit_of
from workers import adding, promoting

pytestmark = pytest.mark.faults


@pytest.fixture
def two_models(installation, tmp_path):
    found = []
    for version in ("1", "2"):
        folder = tmp_path / version
        folder.mkdir()
        found.append(adding.add(factories.served_model(folder, version))[0])
    return found


def predicted(version):
    return Prediction.objects.filter(model_version=version).count()


def asked(log, version):
    """{hash of pixels: how often} of what a model of these weights was asked about."""
    lines = (line.split() for line in log.read_text().splitlines())
    return Counter(pixels for _, pixels, sha256 in lines if sha256 == version.sha256)


def ended(version, films):
    def found():
        ring_for_all()
        return all_ended() and predicted(version) == films

    until(found, 60 + films // 4, f"all scored by {version.version}")
    checker.check(bound_s=600)
    assert set(Study.objects.values_list("model_version", flat=True)) == {version.pk}


def assert_each_was_scored_once_by_a_version_and_by_its_own_weights():
    pairs = Prediction.objects.values("image", "model_version").annotate(n=Count("pk"))
    assert {row["n"] for row in pairs} == {1}
    for prediction in Prediction.objects.select_related("model_version"):
        assert prediction.logit == pytest.approx(logit_of(prediction.model_version.sha256), abs=1e-6)


@pytest.mark.parametrize("films", [40, pytest.param(500, marks=pytest.mark.nightly)])
def test_a_switch_with_a_kill_in_it_and_back_and_forth_scores_each_film_once_a_version(
    films, two_models, installation, tmp_path
):
    first, second = two_models
    log, slow = tmp_path / "asked", tmp_path / "slow"
    slow.write_text(str(max(0.05, 20 / films)))  # so that there is a middle on a busy machine too
    promoting.promote(first)
    drawn.waiting(factories.site(), films)
    started = {"RUNTIME": "tests.faults.hashed_runtime", "BATCH_SIZE": 8, "STUB_LOG": log, "STUB_SLOW": slow, **QUICK}
    installation.start("sweeper", **QUICK)
    doomed, other = (installation.start("screening", **started) for _ in range(2))
    ring_for_all()
    until(lambda: predicted(first) >= 0.4 * films, 60 + films // 8, "the first model at work")
    promoting.promote(second)
    doomed.kill()
    slow.unlink()
    ended(second, films)
    by_first = predicted(first)
    assert 0.4 * films <= by_first < films, "the second model came too late; this test must promote it in between"
    states = Screening.objects.filter(model_version=first).values_list("state", flat=True)
    assert Counter(states) == {"done": by_first, "superseded": films - by_first}

    done_before = asked(log, first)
    before = {row.pk: row.logit for row in Prediction.objects.all()}
    promoting.promote(first)
    ended(first, films)
    new = asked(log, first) - done_before
    assert set(new.values()) == {1} and new.total() == films - by_first, "what it had scored it was not asked again"
    assert asked(log, second).total() <= films + 2 * 8, "at most what the killed worker held was asked twice"

    lines = log.read_text()
    promoting.promote(second)
    assert set(Study.objects.values_list("model_version", flat=True)) == {second.pk}, "shown at once"
    ended(second, films)
    assert log.read_text() == lines, "a roll back to what is scored already asks no model"
    assert before.items() <= {row.pk: row.logit for row in Prediction.objects.all()}.items()
    assert other.alive
    assert_each_was_scored_once_by_a_version_and_by_its_own_weights()

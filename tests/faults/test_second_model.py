"""A second model deployed in the middle of a queue, with real workers: each film once by each version at most."""

import pytest
from django.db.models import Count

from screening.models import Prediction, Screening, Study
from tests import factories
from tests.faults.conftest import until
from tests.faults.hashed_runtime import logit_of
from workers import adding, dispatch, promoting

FILMS = 40


@pytest.fixture
def two_models(transactional_db, tmp_path):
    found = []
    for version in ("1", "2"):
        folder = tmp_path / version
        folder.mkdir()
        found.append(adding.add(factories.served_model(folder, version))[0])
    return found


@pytest.mark.faults
def test_a_model_promoted_in_the_middle_of_a_queue_scores_each_film_once_and_by_its_own_weights(two_models, workers):
    first, second = two_models
    promoting.promote(first)
    site = factories.site()
    for _ in range(FILMS):
        factories.study(site)
    workers.environment["FIRSTREAD_RUNTIME"] = "tests.faults.hashed_runtime"
    workers.sweeper()
    workers.screening_worker()
    dispatch.ring(list(Screening.objects.values_list("pk", flat=True)))
    until(lambda: Prediction.objects.count() >= 8, 60, "the first model at work")
    promoting.promote(second)
    until(lambda: Prediction.objects.filter(model_version=second).count() == FILMS, 60, "all scored by the second")
    by_first = Prediction.objects.filter(model_version=first).count()
    assert 8 <= by_first < FILMS, "the second model came too late; this test must promote it in between"
    pairs = Prediction.objects.values("image", "model_version").annotate(n=Count("pk"))
    assert {row["n"] for row in pairs} == {1} and len(pairs) == FILMS + by_first
    for prediction in Prediction.objects.select_related("model_version"):
        assert prediction.logit == pytest.approx(logit_of(prediction.model_version.sha256), abs=1e-6)
    states = Screening.objects.values_list("model_version", "state").annotate(n=Count("pk"))
    assert {tuple(row) for row in states} == {
        (first.pk, "done", by_first), (first.pk, "superseded", FILMS - by_first), (second.pk, "done", FILMS),
    }  # fmt: skip
    assert set(Study.objects.values_list("model_version", flat=True)) == {second.pk}

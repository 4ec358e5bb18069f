"""Rows of an earlier release come along."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from screening.models import ModelVersion, Prediction
from tests import factories
from workers import versions


@pytest.fixture
def rows_before(transactional_db):
    """Three versions as release 0002 kept them: active, replaced with a prediction, never used."""
    site = factories.site()
    old = factories.active_model("1")
    factories.screened(factories.study(site), 0.9)
    factories.active_model("2")
    factories.model("3")
    assert Prediction.objects.filter(model_version=old).count() == 1
    call_command("migrate", "screening", "0002", verbosity=0)
    yield
    call_command("migrate", "screening", verbosity=0)


def test_a_version_gets_the_hash_of_its_card_and_one_that_was_active_stays_shown(rows_before):
    state = MigrationExecutor(connection).loader.project_state(("screening", "0002_append_only"))
    before = state.apps.get_model("screening", "ModelVersion")
    assert before.objects.count() == 3
    call_command("migrate", "screening", verbosity=0)
    found = {version.version: version for version in ModelVersion.objects.all()}
    assert all(version.card_sha256 == versions.hash_of(version.card) for version in found.values())
    assert [found[name].activated_at is not None for name in "123"] == [True, True, False]
    assert [found[name].active for name in "123"] == [False, True, False]
    assert not any(version.shadow for version in found.values()) and all(each.shipped for each in found.values())
    assert not Prediction.objects.get().outside_domain

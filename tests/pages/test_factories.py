"""The builders reach the states they name."""

import pytest

from tests import factories

pytestmark = pytest.mark.django_db


def test_a_study_is_received_then_screened_then_read():
    home = factories.site()
    factories.active_model()
    study = factories.study(home)
    assert study.status == "received"
    factories.screened(study, 0.9)
    assert (study.status, study.band, study.score) == ("screened", "likely", 90)
    factories.read(study, factories.radiologist(home))
    assert study.status == "read"


def test_a_failed_a_lateral_and_a_withdrawn_study():
    home = factories.site()
    factories.active_model()
    assert factories.failed(factories.study(home)).ai_state == "failed"
    assert factories.study(home, view="LATERAL", gate="lateral").ai_state == "lateral"
    assert factories.withdrawn(factories.study(home), factories.technologist(home)).status == "withdrawn"
    joined = factories.screened(factories.study(home), 0.1)
    factories.join(joined)
    assert (joined.version, joined.band) == (2, "uncertain")

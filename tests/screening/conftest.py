"""A batch to send into, at a site with a model."""

import pytest


@pytest.fixture
def batch(db):
    from tests import factories

    factories.active_model()
    site = factories.site()
    return factories.batch(site, by=factories.technologist(site))

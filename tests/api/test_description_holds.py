"""The description against the API: schemathesis makes requests up from it, and each answer must be one it describes.

The same requests every time: a few for each operation, half of them to rows that exist.
"""

import contextlib

import pytest
import schemathesis
from django.core import signals
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from hypothesis.errors import Unsatisfiable
from knox.models import AuthToken
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from tests.intake.conftest import media  # noqa: F401
from workers import dispatch

pytestmark = pytest.mark.django_db
CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
FEW = settings(
    max_examples=5,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def quiet(media, model, monkeypatch):  # noqa: F811
    monkeypatch.setattr(dispatch, "ring", lambda ids: None)
    monkeypatch.setattr(dispatch, "ring_for_job", lambda job: None)


@pytest.fixture
def one_connection(db):
    """A server closes its connection to the ledger after a request; the test has but this one."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def description(one_connection):
    from webportal.wsgi import application

    return schemathesis.openapi.from_wsgi("/api/schema?format=json", application)


@pytest.fixture
def person(factories, home):
    """Of every role, so that requests come as far as they can."""
    return factories.person(["technologist", "radiologist", "clinical_lead", "administrator"], home)


@pytest.fixture
def ids(factories, home, person, model):
    """{part of an address: ids of rows that exist}."""
    batch = factories.batch(home, by=person)
    study = factories.screened(factories.study(home, batch=batch))
    studies = [study, factories.failed(factories.study(home)), factories.study(home, view="LATERAL", gate="lateral")]
    part = batch.parts.create(name="a.jpg", size=10)
    rows = {"studies": studies, "batches": [batch], "images": [each.images.first() for each in studies]}
    overruled = factories.read(factories.screened(factories.study(home), 0.9), factories.radiologist(home), "absent")
    rows |= {"models": [model], "parts": [part], "second-reads": overruled.second_reads.all()}
    return {kind: [str(row.pk) for row in found] for kind, found in rows.items()}


@pytest.mark.parametrize("mode", GenerationMode)
def test_every_answer_is_one_that_the_description_has(description, person, ids, mode):
    operations = [result.ok() for result in description.get_all_operations()]
    for operation in operations:
        _hold(operation, mode, person, ids)
    assert len(operations) >= 40


def _hold(operation, mode, person, ids):
    """Ask a few times, mostly of rows that exist; whatever a request did is undone."""

    @FEW
    @given(case=operation.as_strategy(generation_mode=mode), number=some.integers(-1, 5))
    def ask(case, number):
        kind = case.path.removeprefix("/api/v1/").split("/")[0]
        if number >= 0 and "id" in case.path_parameters:
            case.path_parameters["id"] = ids[kind][number % len(ids[kind])]
        with transaction.atomic():
            token = AuthToken.objects.create(person)[1]
            answer = case.call(headers={"Authorization": f"Token {token}"})
            transaction.set_rollback(True)
        case.validate_response(answer, checks=CHECKS)

    with contextlib.suppress(Unsatisfiable):  # where nothing is sent, nothing can be wrong
        ask()

"""A worker killed with -9 while it takes what a dry run held: every film is taken, once, and nothing is sent again."""

import pytest

from screening import holding, intake
from screening.models import Batch, Image, Receipt
from tests import factories
from tests.faults.conftest import QUICK, until
from tests.intake import films
from workers import dispatch

HELD = 150
RECOVERED_S = 60


@pytest.mark.faults
def test_a_confirmation_whose_worker_is_killed_is_taken_to_its_end(installation):
    factories.active_model()
    batch = factories.batch(factories.site(), state=Batch.State.TRIAL)
    for number in range(HELD):
        intake.receive(batch, f"{number}.jpg", films.jpeg(number))
    doomed = installation.start("sweeper", **QUICK)
    dispatch.ring_for_job(holding.confirm(batch, None))
    until(lambda: Image.objects.count() > 5, 60, "the worker in the middle of the dry run")
    doomed.kill()
    assert Image.objects.count() < HELD, "everything was taken before the worker was killed"
    installation.start("sweeper", **QUICK)
    until(lambda: Batch.objects.get().state == Batch.State.OPEN, RECOVERED_S, "the dry run taken")
    assert set(Receipt.objects.values_list("outcome", "held")) == {("accepted", "")}
    assert Receipt.objects.count() == Image.objects.count() == HELD

"""Whichever broker rings: it is asked honestly, a film is screened through it, and one that dies costs no film."""

import sys
import time

import pytest
from django.conf import settings as ours
from kombu import Connection
from kombu.exceptions import OperationalError

from screening.models import Screening
from tests import factories
from tests.deploy.conftest import free_port
from tests.faults.conftest import until
from tests.installation import running
from tests.workers import brokers
from workers import broker, dispatch
from workers.celery import app

SECONDS = 60


@pytest.fixture
def at(settings):
    """A function that says where the broker is."""

    def at(address):
        settings.BROKER_URL = address
        return address

    return at


def fill(address, queue, count):
    with Connection(address, transport_options=broker.transport_options()) as connection:
        waiting = connection.SimpleQueue(queue)
        for number in range(count):
            waiting.put({"ring": number})


def test_a_broker_in_memory_answers_and_says_how_much_waits(at):
    at("memory://")
    assert dispatch.answers()
    assert dispatch.backlog("screening") == 0
    fill("memory://", "screening", 3)
    assert dispatch.backlog("screening") == 3


def test_this_sessions_redis_says_how_much_waits(at):
    before = broker.backlog("another")
    fill(at(ours.BROKER_URL), "another", 2)
    assert (before, broker.backlog("another")) == (0, 2)


@pytest.mark.parametrize("address", ["amqp://127.0.0.1:{}//", "sentinel://127.0.0.1:{};sentinel://127.0.0.1:{}/0"])
def test_a_broker_that_is_away_is_said_to_be_so_at_once(at, address):
    at(address.format(free_port(), free_port()))
    began = time.monotonic()
    assert not dispatch.answers()
    assert dispatch.backlog("screening") == 0
    assert time.monotonic() - began < 20


def test_a_worker_asks_again_soon_however_long_the_broker_was_away(monkeypatch):
    waited = []
    monkeypatch.setattr("kombu.utils.functional.sleep", waited.append)
    connection = app.connection_for_read(f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(OperationalError):
        connection.ensure_connection(lambda *_: None, 20)
    assert 20 <= sum(waited) <= 20 * broker.AGAIN_S + 1


def test_only_sentinels_are_asked_for_a_leader(at):
    at("amqp://127.0.0.1//")
    assert broker.transport_options() == {}
    at("redis://127.0.0.1:6379/0")
    assert "master_name" not in broker.transport_options()
    at("sentinel://127.0.0.1:26379")
    assert broker.transport_options()["master_name"] == "mymaster"


@pytest.fixture
def working(process_environment, tmp_path):
    """A function that starts the two kinds of workers, with beat, at a broker's address."""
    with_end = []

    def start(address):
        environment = process_environment | {
            "FIRSTREAD_BROKER_URL": address,
            "FIRSTREAD_LEASE_S": "10",
            "FIRSTREAD_SWEEP_S": "2",
        }
        celery = [sys.executable, "-m", "celery", "-A", "workers", "worker", "-c", "1"]
        for queue, more in (("screening", []), ("operations", ["-B", "-s", str(tmp_path / "beat")])):
            command = [*celery, "-Q", queue, "-n", f"{queue}@broker", *more]
            program = running(command, environment, tmp_path / f"{queue}.log")
            with_end.append(program)
            program.__enter__()

    yield start
    for program in with_end:
        program.__exit__(None, None, None)


def screened():
    return not Screening.objects.exclude(state="done").exists()


def one_more(home):
    factories.study(home)
    until(screened, SECONDS, "the film screened")


@pytest.fixture
def rabbitmq(tmp_path):
    if not brokers.RABBITMQ.exists():
        pytest.skip("RabbitMQ is not installed")
    folder = tmp_path / "rabbitmq"
    folder.mkdir()
    with brokers.rabbitmq(folder) as found:
        yield found


@pytest.fixture
def sentinels(tmp_path):
    folder = tmp_path / "sentinels"
    folder.mkdir()
    with brokers.sentinels(folder) as found:
        yield found


@pytest.mark.slow
@pytest.mark.faults
def test_films_are_screened_through_rabbitmq_also_after_it_was_killed(rabbitmq, at, working, model, home):
    address, restart = rabbitmq
    at(address)
    working(address)
    one_more(home)
    assert dispatch.answers()
    fill(address, "unheard", 3)
    assert broker.backlog("unheard") == 3
    restart()
    one_more(home)


@pytest.mark.slow
@pytest.mark.faults
def test_films_are_screened_through_sentinels_also_after_the_leader_was_killed(sentinels, at, working, model, home):
    at(sentinels.address)
    working(sentinels.address)
    one_more(home)
    assert dispatch.answers()
    fill(sentinels.address, "unheard", 3)
    assert broker.backlog("unheard") == 3
    sentinels.kill_leader()
    until(dispatch.answers, SECONDS, "the new leader answers")
    one_more(home)

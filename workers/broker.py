"""How the broker is spoken to: Redis at one address, Redis behind Sentinels, or RabbitMQ; `BROKER_URL` says which.

A ring is best effort, and so is every question here: nothing waits long for a broker that is away.
"""

from celery.app.amqp import AMQP
from django.conf import settings
from kombu import Connection
from kombu.exceptions import KombuError
from kombu.transport import redis as transport
from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_S = 0.5
# A server that has a connection and says nothing, frozen or cut off, would keep whoever rings for ever.
ANSWER_S = 2
# kombu asks a broker that is away again after 2 s, then 4, and so on to 30: a worker would be back half a minute late.
AGAIN_S = 2


# kombu takes "no memory is left" for a fault of the program, and the worker would end; it is to come back, as after any
# other trouble of the broker.
transport.Transport.connection_errors += (exceptions.OutOfMemoryError,)


class Steady(Connection):
    """Asks again after AGAIN_S, however long the broker has been away."""

    def ensure_connection(self, *args, **options):
        again = {"interval_start": AGAIN_S, "interval_step": 0, "interval_max": AGAIN_S}
        return super().ensure_connection(*args, **again | options)


class Amqp(AMQP):
    """Celery's own door to its broker, with such connections."""

    Connection = Steady


def transport_options():
    """What kombu's transport of this broker is told, for Celery and for the questions here."""
    if settings.BROKER_URL.startswith("amqp"):
        return {}  # RabbitMQ's client refuses what it does not know; its patience is the connection's
    options = {"socket_connect_timeout": CONNECT_S, "socket_timeout": ANSWER_S, "visibility_timeout": 3600}
    return options | (_of_sentinels() if settings.BROKER_URL.startswith("sentinel") else {})


def _of_sentinels():
    """Sentinels are asked one after the other, each once: an upload would wait out every second try of each."""
    patience = {"socket_connect_timeout": CONNECT_S, "socket_timeout": CONNECT_S, "retry": Retry(NoBackoff(), 0)}
    return {"master_name": settings.SENTINEL_MASTER, "sentinel_kwargs": patience}


def answers():
    """Whether the broker takes a connection at once, and says who it is."""
    return _ask(lambda channel: True) or False


def backlog(queue):
    """How many messages wait in this queue; 0 where there is none, or the broker does not answer."""
    return _ask(lambda channel: channel.queue_declare(queue, passive=True).message_count) or 0


def evicts():
    """The policy by which a full Redis would drop rings that wait, or "": of another broker, or one that is away."""
    return _ask(_evicting_policy) or ""


def _evicting_policy(channel):
    client = getattr(channel, "client", None)
    policy = client.info("memory").get("maxmemory_policy", "") if client else ""
    # The volatile ones drop only what has a time to live, and rings have none.
    return policy if policy.startswith("allkeys") else ""


def _ask(question, within_s=0.5):
    """What `question(channel)` says, each step of it within that many seconds; None where nothing comes back."""
    patience = transport_options()
    if patience:
        patience |= {"socket_timeout": within_s}
    asked = Connection(settings.BROKER_URL, connect_timeout=within_s, transport_options=patience)
    try:
        with asked:
            asked.ensure_connection(max_retries=1, interval_start=0, interval_step=0, interval_max=0, timeout=within_s)
            with asked.channel() as channel:
                return question(channel)
    except (KombuError, OSError, *asked.connection_errors, *asked.channel_errors):
        return None

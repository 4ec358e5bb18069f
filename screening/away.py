"""What a database says that is away: nobody's fault, nothing was stored, and it passes. And who is away from it."""

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError
from django.db.backends.signals import connection_created

# Away, starting, out of space or time; a connection that broke; and, as an InternalError, one that takes no writes for
# a while (a standby, a server that was set to read alone) or has given up a transaction that stood still.
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)


def said(error):
    """What a log may hold of it: its kind and its SQLSTATE, and no value of a row."""
    return f"the database is away: {type(error).__name__} {code_of(error)}".strip()


def code_of(error):
    """The SQLSTATE of a database's error, or "" where the server could not say any."""
    return getattr(error.__cause__, "pgcode", None) or ""


# Nothing that the portal or a worker asks takes this long, but behind a lock that nobody gives back.
STATEMENT_S = 60


def bound_sessions():
    """What this process asks of the database from now on is ended by the server itself, where it takes STATEMENT_S.

    So is a transaction that stands still for a lease: what a process locked that is frozen, or cut off from the
    database, would keep everybody else from its rows until the server's kernel gives up the line, two hours later.
    """
    connection_created.connect(_bound, dispatch_uid="bound")


def _bound(connection, **_):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, false), "
            "set_config('idle_in_transaction_session_timeout', %s, false)",
            [f"{STATEMENT_S}s", f"{settings.LEASE_S}s"],
        )

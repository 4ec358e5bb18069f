"""What the planner makes of the statements of a piece of code: which tables it would read from end to end."""

import json

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

ASKED = ("SELECT", "UPDATE", "INSERT", "DELETE", "WITH")


def unsaved(do):
    """What `do()` returns; what it wrote is taken back."""
    with transaction.atomic():
        answer = do()
        transaction.set_rollback(True)
    return answer


def read_whole(do):
    """{table: the statement} of every table that a statement of `do()` would read from end to end."""
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        do()
        transaction.set_rollback(True)
    found = {}
    for statement in (query["sql"].strip() for query in asked.captured_queries):
        if statement.startswith(ASKED):
            found |= dict.fromkeys(_scanned(_plan(statement)), statement)
    return found


def _plan(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
        (answer,) = cursor.fetchone()
    return (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]


def _scanned(node):
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"].removeprefix("screening_")
    for below in node.get("Plans", []):
        yield from _scanned(below)

"""What the worklist asks the database: few questions, each of a bounded part, whatever filter is chosen."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from screening import worklist
from tests.waiting import wait

WAITING, FOREIGN = 1_000, 4_000
ADDRESSES = [
    "", "?class=urgent", "?band=likely", "?class=stat&band=less_likely&site=home", "?ai=failed", "?ai=without_ai",
    "?overdue=1", "?unclaimed=1", "?mine=1", "?band=uncertain&overdue=1",
]  # fmt: skip
# Rows of studies that a part of a question may read: a page, and as many past their limit that are passed over; or
# where it counts, all of the small site.
PAGE, COUNT = 2 * (worklist.PAGE_SIZE + 1), WAITING + 1


@pytest.fixture
def client(as_person, reader, home, away, factories, model):
    wait(home, WAITING, model=model)
    wait(away, FOREIGN, model=model)
    factories.claimed(factories.study(home), reader)
    return as_person(reader)


def plans(context):
    """(question, node) of the plans of all questions, as they were carried out."""
    with connection.cursor() as cursor:
        # As for a million rows, most of them at hand: reading a whole table is dear, reading by an index is cheap.
        cursor.execute("SET LOCAL seq_page_cost = 1000; SET LOCAL random_page_cost = 0.01")
        for query in context.captured_queries:
            if re.match(r"\s*(SELECT|WITH)", query["sql"]):
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
                for node in _nodes(cursor.fetchone()[0][0]["Plan"]):
                    yield query["sql"], node


def _nodes(plan):
    yield plan
    for below in plan.get("Plans", []):
        yield from _nodes(below)


def unbounded(context):
    """What grows with the list: studies that are read without an index, or too many of them; a sort of more."""
    for sql, node in plans(context):
        rows, kind = node["Actual Rows"] + node.get("Rows Removed by Filter", 0), node["Node Type"]
        of_studies = node.get("Relation Name") == "screening_study"
        if of_studies and (kind == "Seq Scan" or rows > (COUNT if "counted" in sql else PAGE)):
            yield kind, node.get("Index Name"), rows
        if kind == "Sort" and rows > PAGE:
            yield kind, node["Sort Key"], rows


def test_a_page_reads_a_bounded_part_of_the_studies_in_ten_questions(client):
    found = {}
    for address in ADDRESSES:
        with CaptureQueriesContext(connection) as context:
            assert client.get(f"/worklist/{address}").status_code == 200
        assert len(context) <= 10
        found[address] = list(unbounded(context))
    assert found == {address: [] for address in ADDRESSES}


def test_the_last_page_reads_no_more_than_the_first(client):
    address, pages = "/worklist/?class=urgent", 0
    while address:
        with CaptureQueriesContext(connection) as context:
            text = client.get(address).content.decode()
        further = re.search(r'href="(\?class=urgent&amp;after=[^"]+)"', text)
        address, pages = further and "/worklist/" + further[1].replace("&amp;", "&"), pages + 1
    assert pages == 3
    assert list(unbounded(context)) == []


def test_a_search_reads_the_studies_that_begin_so(client):
    with CaptureQueriesContext(connection) as context:
        text = client.post("/worklist/", {"words": "a0000012"}).content.decode()
    assert text.count('<tr id="s') == 10
    assert list(unbounded(context)) == []


def test_the_next_study_is_found_without_looking_at_the_others(client):
    with CaptureQueriesContext(connection) as context:
        assert client.post("/worklist/next").status_code == 302
    assert list(unbounded(context)) == []

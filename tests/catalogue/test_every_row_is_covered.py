"""Ninety rows, and a case of each: the claim can fail."""

import importlib
import pkgutil
import re

import pytest

import tests.api
import tests.catalogue
from tests.catalogue.rows import FILES, REQUESTS, ROWS


def rows_in(package):
    """The numbers of the rows that tests of a package name: in an id of a case, or by the mark `row`."""
    found = set()
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.name.rpartition(".")[2].startswith("test_"):
            loaded = importlib.import_module(module.name)
            for name, test in vars(loaded).items():
                if name.startswith("test_") and callable(test):
                    found |= set(_rows_of(test))
    return found


def _rows_of(test):
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "row":
            yield from mark.args
        if mark.name == "parametrize":
            yield from (int(found[1]) for each in _ids(mark) if (found := re.match(r"B(\d+) ", each)))


def _ids(mark):
    ids, values = mark.kwargs.get("ids"), list(mark.args[1])
    for value in values:
        if isinstance(value, type(pytest.param())):
            yield str(value.id)
        elif callable(ids):
            yield str(ids(value))
        else:
            yield str(value)


def test_the_rows_are_one_to_ninety():
    assert list(ROWS) == [*FILES, *REQUESTS] == list(range(1, 91))


def test_every_row_of_files_has_a_case_here():
    assert sorted(set(FILES) - rows_in(tests.catalogue)) == []


def test_every_row_of_requests_has_a_test_of_the_api():
    assert sorted(set(REQUESTS) - rows_in(tests.api)) == []

"""The statements of docs/scaling.md, run as they stand there: nothing of the ledger is lost, and its rules hold."""

import re
from datetime import date

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from screening import sweeping
from screening.models import Event, Prediction, Study
from tests import factories

pytestmark = pytest.mark.django_db


def first_of(month):
    """The first day of the month that is so many after this one."""
    months = date.today().year * 12 + date.today().month - 1 + month
    return f"{months // 12}-{months % 12 + 1:02}-01"


def block(table):
    """The statements that partition this table, with the months of today."""
    text = (settings.ROOT / "docs" / "scaling.md").read_text()
    (found,) = [each for each in re.findall(r"```sql\n(.*?)```", text, re.DOTALL) if f"TABLE {table} " in each]
    return found.replace("2027-01-01", first_of(1)).replace("2027-02-01", first_of(2))


def partitioned(table):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks that wait is not altered
        cursor.execute(block(table))
        cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = %s::regclass", [table])
        return cursor.fetchone()[0]


def test_a_history_in_months_keeps_its_lines_and_takes_more_and_changes_none(home, model):
    study = factories.study(home)
    Event.note(Event.Kind.UPLOAD, study=study)
    before = list(Event.objects.values_list("pk", "kind"))
    assert partitioned("screening_event") == 3
    added = Event.note(Event.Kind.VIEW, study=study)
    assert list(Event.objects.values_list("pk", "kind")) == [*before, (added.pk, "view")]
    assert added.pk > max(pk for pk, _ in before)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.filter(pk=before[0][0]).update(kind="view")
    factories.screened(study)
    assert Event.objects.filter(study=study, kind="screened").exists()


def test_predictions_cut_by_image_stay_one_an_image_and_version(home, model):
    old, new = factories.screened(factories.study(home), 0.9), factories.study(home)
    assert partitioned("screening_prediction") == 4
    assert Study.objects.get(pk=factories.screened(new, 0.2).pk).band == "less_likely"
    assert Prediction.objects.count() == 2
    again = Prediction.objects.get(image__study=old)
    again.pk = None
    with pytest.raises(IntegrityError, match="already exists"), transaction.atomic():
        again.save(force_insert=True)
    assert sweeping.sweep().inserted == 0

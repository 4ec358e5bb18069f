"""The receipts of a batch as CSV, safe to open in a spreadsheet."""

import csv
import io

import pytest

from screening import batches, receipts_table, wording
from screening.models import Receipt
from tests import factories
from tests.screening.films import archive, brought

pytestmark = pytest.mark.django_db


def table(batch):
    """[{column: text}] as a reader that follows RFC 4180 has it."""
    return list(csv.DictReader(io.StringIO("".join(batches.receipts_csv(batch)), newline=""), strict=True))


def rejected(batch, name, **fields):
    return Receipt.objects.create(batch=batch, name=name, outcome="rejected", reason="empty", **fields)


def test_it_has_a_line_a_receipt_and_says_what_became_of_each(batch):
    study = factories.screened(brought(batch), 0.9)
    rejected(batch, "b.png", sentence="The file is empty.", size=0)
    first, second = table(batch)
    assert (first["file"], first["outcome"], first["study"], first["image"]) == (
        "film", "accepted", str(study.pk), str(study.images.get().pk),
    )  # fmt: skip
    assert (first["ai"], first["band"], first["score"], first["model"][:6]) == ("screened", "Likely", "90", "stub 1")
    assert (second["outcome"], second["reason"], second["sentence"]) == ("rejected", "empty", "The file is empty.")
    assert (second["size"], second["study"], second["score"]) == ("0", "", "")


def test_every_line_says_that_it_is_for_research_use(batch):
    brought(batch)
    archive(batch)
    assert {line["research_use"] for line in table(batch)} == {wording.RESEARCH_USE}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_cell_that_a_spreadsheet_would_take_for_a_formula_is_text(batch, name):
    rejected(batch, name)
    assert table(batch)[0]["file"] == f"'{name}"


@pytest.mark.parametrize("name", ['a "b".png', "a,b;c.png", "a\r\nb.png", "a'b.png", "フィルム😀.png", " =1.png"])
def test_every_other_name_comes_out_as_it_went_in_and_breaks_no_line(batch, name):
    rejected(batch, name)
    assert [line["file"] for line in table(batch)] == [name]


def test_an_archive_that_was_not_unpacked_has_a_line_for_the_files_that_have_none(batch):
    job = archive(batch, total=5)
    rejected(batch, "cd.zip/1.png", job=job, entry=1)
    batches.cancel(batch, None)
    done, left = table(batch)
    assert (done["file"], left["file"]) == ("cd.zip/1.png", "cd.zip")
    assert (left["outcome"], left["reason"]) == ("not unpacked", "cancelled")
    assert left["sentence"] == "4 files of the archive were not unpacked: cancelled."


def test_an_empty_batch_is_the_names_of_the_columns(batch):
    assert "".join(batches.receipts_csv(batch)) == ",".join(receipts_table.COLUMNS) + "\r\n"


def test_many_receipts_come_in_pieces_in_the_order_they_were_given(batch):
    count = 2 * receipts_table.CHUNK + 1
    Receipt.objects.bulk_create(
        Receipt(batch=batch, name=f"{number}.png", outcome="rejected", reason="empty") for number in range(count)
    )
    assert len(list(batches.receipts_csv(batch))) == 1 + 3 + 1
    names = list(batch.receipts.values_list("name", flat=True))
    assert [line["file"] for line in table(batch)] == names
    assert len(names) == count

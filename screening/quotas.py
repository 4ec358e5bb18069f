"""How much a site and a person may send in a day, counted by the database's date, in UTC.

Checked before a file is read, and counted with its receipt: files that are on their way at the same moment may go over
by a few. What an operator sends from the command line or a watched folder is counted and never refused.
"""

from django.db import connection
from django.db.models import Q, Sum
from django.db.models.functions import Now, TruncDate
from django.utils.translation import gettext as _

from screening.models import Batch, Usage
from screening.said_elsewhere import PERSON_FILES, SITE_FILES, SITE_GIGABYTES

GIGABYTE = 2**30
LIMITED = (Batch.Source.PAGE, Batch.Source.API)


class Exceeded(Exception):
    """Nothing of the file was taken: `sentence` says which limit it was, `retry_after_s` when it ends."""

    def __init__(self, sentence, retry_after_s):
        super().__init__(sentence)
        self.sentence, self.retry_after_s = sentence, retry_after_s


def check(batch, size, files=1):
    """Raises Exceeded where so many files of `size` bytes are more than the site or the sender may still send today."""
    if batch.source not in LIMITED:
        return
    site, today = batch.site, Usage.objects.filter(site=batch.site_id, day=TruncDate(Now()))
    mine = Q(user=batch.uploaded_by_id)
    sent = today.aggregate(
        whole=Sum("files", default=0), size=Sum("bytes", default=0), own=Sum("files", filter=mine, default=0)
    )
    if sent["whole"] + files > site.daily_files:
        raise _exceeded(SITE_FILES, site=site, files=f"{site.daily_files:,}")
    if sent["size"] + size > site.daily_gigabytes * GIGABYTE:
        raise _exceeded(SITE_GIGABYTES, site=site, gigabytes=f"{site.daily_gigabytes:,}")
    if sent["own"] + files > site.daily_files_a_user:
        raise _exceeded(PERSON_FILES, site=site, files=f"{site.daily_files_a_user:,}")


def count(site, user, size):
    """One more file of `size` bytes; the last statement of the transaction that writes its receipt."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Usage._meta.db_table} AS held (day, site_id, user_id, files, bytes) "  # noqa: S608
            "VALUES ((now() AT TIME ZONE 'UTC')::date, %s, %s, 1, %s) ON CONFLICT ON CONSTRAINT one_usage_a_day "
            "DO UPDATE SET files = held.files + 1, bytes = held.bytes + EXCLUDED.bytes",
            [site.pk, user and user.pk, size],
        )


def _exceeded(sentence, **values):
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM date_trunc('day', now(), 'UTC') + interval '1 day' - now())")
        return Exceeded(_(sentence) % values, int(cursor.fetchone()[0]) + 1)

"""Films on the worklist that nobody has asked a version at work about, looked for a lot of studies at a time.

A film gets its screening with its row. One is missing where a version came to work later, or in the moment in which a
film arrived. A sweep that looked through the whole worklist, and through what is done, would cost more the longer
FirstRead runs; so it looks at the next LOT studies, in the order of an index, and begins anew behind the last.
"""

from django.db import connection

from screening.models import Image
from screening.places import ON_WORKLIST

# All that wait in most departments: then a sweep looks at everybody. Where some are missing, after a promotion say,
# it goes on to further lots at once.
LOT, LOTS = 500, 4
START = ("00000000-0000-0000-0000-000000000000", -1, "-infinity", "-infinity", "00000000-0000-0000-0000-000000000000")
NEXT = f"""
SELECT site_id, priority, cap_at, received_at, id FROM screening_study
WHERE {ON_WORKLIST} AND (site_id, priority, cap_at, received_at, id) > (%s, %s, %s, %s, %s)
ORDER BY site_id, priority, cap_at, received_at, id LIMIT %s
"""  # noqa: S608  of a constant alone

# Where this process looked last. Another one, or this one started again, begins at the top: each finds all in its time.
_last = [START]


def next_studies():
    """Ids of the next LOT studies on the worklist; behind its end the next call begins at the top."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [*_last[0], LOT])
        rows = cursor.fetchall()
    _last[0] = rows[-1] if len(rows) == LOT else START
    return [row[-1] for row in rows]


def images(studies, version):
    """The Images of these studies (ids) that the AI may look at and that have no screening for `version`."""
    open_to_it = Image.objects.filter(study__in=studies, gate="").exclude(screenings__model_version=version)
    return list(open_to_it.select_related("study").order_by())

"""The study that comes next, guessed: its films are fetched before a reader asks for it, and nobody claims it.

A film that is fetched ahead has not been looked at, and leaves no Event: its study's page will. The pass that says so
is drawn for one reader, one study and five minutes, so that no other film is had without a line in the history.
"""

from django.core import signing

from screening import worklist
from screening.models import Study

PASS_S = 300  # a film of 10 MB takes so long on a line of 0.3 Mbit/s
SALT = "ahead"


def candidate(studies, reader):
    """The study that `reading.claim_next` would claim now of the given worklist studies (a queryset), or None."""
    free = studies.filter(status__in=Study.WAITING)
    for ids in worklist.free(reader.sites.values_list("pk", flat=True)):
        if study := free.filter(pk__in=ids).order_by(worklist.as_listed(ids)).first():
            return study
    return None


def draw_pass(study, reader):
    """Text by which `reader` may fetch this study's films ahead."""
    return signing.dumps([str(reader.pk), str(study.pk)], salt=SALT)


def holds(text, study, reader):
    """Whether `text` is a live pass of this reader for this study; garbage is none."""
    try:
        return signing.loads(text, salt=SALT, max_age=PASS_S) == [str(reader.pk), str(study.pk)]
    except signing.BadSignature:  # also of one that is too old
        return False

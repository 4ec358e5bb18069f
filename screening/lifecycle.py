"""A study's life: the states and moves as a table, and the one setter.

Nothing else writes `Study.status`. A move is compare-and-set, with one Event in the same transaction.
"""

import json

from django.db import connection, transaction

from screening.models import Event, Study

S = Study.Status
NOTE = """
INSERT INTO screening_event (kind, study_id, site_id, detail)
SELECT %s, told.* FROM unnest(%s::uuid[], %s::uuid[], %s::jsonb[]) AS told
"""

# From each status, the statuses a study may move to. The README's diagram is generated from this table.
MOVES = {
    S.RECEIVED: {S.SCREENED, S.UNSCREENED, S.READING, S.WITHDRAWN},
    # Back to RECEIVED: an image joined, or a failed screening is tried again.
    S.SCREENED: {S.RECEIVED, S.UNSCREENED, S.READING, S.WITHDRAWN},
    S.UNSCREENED: {S.RECEIVED, S.SCREENED, S.READING, S.WITHDRAWN},
    # Released or expired, a study returns to where its screening stands by then.
    S.READING: {S.READ, S.RECEIVED, S.SCREENED, S.UNSCREENED},
    # A new image after signing puts the study back on the worklist.
    S.READ: {S.RECEIVED, S.SCREENED, S.UNSCREENED},
    S.WITHDRAWN: {S.RECEIVED, S.SCREENED, S.UNSCREENED},
}


class ImpossibleMove(Exception):
    """The table has no such move: an error in the code that asks for it."""


class Overtaken(Exception):
    """The study is no longer where the caller saw it: somebody was faster."""


def move(study, to, kind, *, actor=None, detail=None, only_if=None, **fields):
    """Move `study` from the status it was read with to `to`, setting `fields`, and note an Event of `kind`.

    `only_if` is a further filter on the row (a dict), such as who holds the claim. Raises ImpossibleMove where the
    table has no such move, and Overtaken where the row is no longer as it was read; then nothing is written.
    """
    was = S(study.status)
    if to not in MOVES[was]:
        raise ImpossibleMove(f"{was} -> {to}")
    if was == S.READING:
        fields |= {"claimed_by": None, "claimed_until": None}
    with transaction.atomic():
        changed = Study.objects.filter(pk=study.pk, status=was, **(only_if or {})).update(status=to, **fields)
        if not changed:
            raise Overtaken(f"{study} is no longer {was}")
        Event.note(kind, actor=actor, study=study, was=was, to=to, **(detail or {}))
    study.status = to


def move_held(moves, kind):
    """Move waiting studies that the caller's transaction holds as it has read them: [(study, to, detail)].

    As `move` does it, with an Event each, in a few statements for all. Raises ImpossibleMove and Overtaken.
    """
    together, events = {}, []
    for study, to, detail in moves:
        was = S(study.status)
        if to not in MOVES[was]:
            raise ImpossibleMove(f"{was} -> {to}")
        together.setdefault((was, to), []).append(study)
        events.append((study.pk, study.site_id, json.dumps({"was": was, "to": to} | detail)))
    for (was, to), studies in together.items():
        held = Study.objects.filter(pk__in=[study.pk for study in studies], status=was)
        if held.update(status=to) != len(studies):
            raise Overtaken(f"{len(studies)} studies are no longer all {was}")
        for study in studies:
            study.status = to
    if events:  # not by bulk_create: it takes longer over a batch than the database
        with connection.cursor() as cursor:
            cursor.execute(NOTE, [kind, *map(list, zip(*events, strict=True))])


def diagram():
    """The table as a Mermaid state diagram, one line a move, in the table's order."""
    lines = ["stateDiagram-v2", "    [*] --> received"]
    for was, tos in MOVES.items():
        lines += [f"    {was.value} --> {to.value}" for to in S if to in tos]
    return "\n".join(lines)

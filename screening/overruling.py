"""Why a reader overruled the AI: said after signing, and never needed for it."""

from django.db import transaction

from screening.models import Event, Overruling


@transaction.atomic
def note(read, reason):
    """Keep why (an Overruling.Reason) the reader of a discordant Read overruled the AI; said again, the last counts."""
    Overruling.objects.update_or_create(read=read, defaults={"reason": reason})
    Event.note(Event.Kind.OVERRULED, actor=read.reader, study=read.study, read=str(read.pk), reason=reason)

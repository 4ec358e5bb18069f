"""Views of the worklist that a reader keeps under a name."""

from django.db import transaction

from screening.models import SavedView, User

MOST = 20


class TooMany(Exception):
    """This reader keeps as many views as there may be; nothing was saved."""


@transaction.atomic
def save(user, name, query):
    """Keep `query` (as an address writes it) under `name`, instead of what was kept under it. Raises TooMany."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    kept = SavedView.objects.filter(user=user)
    if kept.exclude(name=name).count() >= MOST:
        raise TooMany
    return SavedView.objects.update_or_create(user=user, name=name, defaults={"query": query})[0]

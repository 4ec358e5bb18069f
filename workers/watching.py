"""The watch folder's loop: look, take what has come to rest, ring for it."""

import socket
import time
from functools import partial

from django.utils import timezone

from screening import intake, manifest
from screening.models import Batch
from workers import dispatch
from workers.patience import Patience
from workers.watch_manifests import HAD, Manifests
from workers.watch_taking import Taker

# Files taken before the folder is looked at again, and before what they brought is rung for.
ROUND, RING = 256, 32
LOOK_S = 2


class Watch:
    """One folder, sent to one site in one class."""

    def __init__(self, folder, site, priority, age_group=""):
        self.folder = folder
        # The site's id alone: whether it de-identifies may change while this runs, and is read anew for each film.
        self._about = {
            "site_id": site.pk,
            "priority": priority,
            "age_group": age_group,
            "source": Batch.Source.WATCH,
        }
        self._patience = Patience(f"{socket.gethostname()}:{folder.root}", "watch")
        self._taker = Taker(folder, self._patience)
        self._manifests = Manifests(folder, self._taker, self._patience, self._about)
        self.stop = self._patience.stop

    def run(self, settle_s, once=False):
        """Until `stop`, or with `once` until what came to rest within the first `settle_s` seconds is taken."""
        until = time.monotonic() + settle_s
        while not self._patience.stopping:
            began = time.monotonic()
            if self.round():
                continue
            if once and began >= until:
                break
            self._patience.sleep(min(LOOK_S, max(settle_s, 0.1)))
        self._patience.end()

    def round(self):
        """Look once and take what is there; whether anything was taken."""
        self._patience.beat()
        try:
            resting, changing, errors = self.folder.look()
        except OSError as error:
            self._patience.say("folder", "the folder cannot be read (%s); it is tried again", error.strerror)
            return False
        for error in errors:
            self._patience.say("below", "a folder below cannot be read (%s); it is tried again", error.strerror)
        self._taker.forget_all_but({*resting, *changing})
        tables = {each for each in (*resting, *changing) if manifest.is_manifest(each.name)}
        self._manifests.look(tables)
        ready = self._taker.ready(resting)
        groups = _groups(ready, tables, changing)
        taken = [self._patience.tried(partial(self._take, *group)) for group in groups]
        # Also after a stop: a list that is left behind its last film would name the patient of another one.
        self._manifests.put_away([each for each in ready if each in tables])
        self.folder.remove_empty()
        return any(taken)

    def _take(self, table, films):
        """Take films as one batch, with the manifest beside them where there is one; how many got a receipt."""
        if table is None:
            return self._take_into(self._batch_of_the_hour(), films)
        held = self._manifests.read(table)
        if held is None:
            return 0
        films, others = self._manifests.apart(held, films)
        refused = [self._taker.refuse(held.batch, each, "manifest_row", HAD) for each in others]
        taken = self._take_into(held.batch, films)
        self._manifests.note(held, films)
        return taken + len(refused)

    def _take_into(self, batch, films):
        receipts, taken = [], 0
        for receipt in filter(None, self._taker.receipts(batch, films)):
            receipts.append(receipt)
            taken += 1
            if len(receipts) >= RING:
                self._ring(receipts)
        self._ring(receipts)
        return taken

    def _ring(self, receipts):
        dispatch.ring(intake.to_ring(receipts))
        receipts.clear()
        self._patience.beat()

    def _batch_of_the_hour(self):
        """One for all that arrives within an hour, also after a new start."""
        hour = timezone.localtime().replace(minute=0, second=0, microsecond=0)
        about = self._about | {"name": f"Watch folder, {hour:%H:%M}"}
        known = Batch.objects.filter(created_at__gte=hour, state=Batch.State.OPEN, parent=None, **about)
        return known.first() or Batch.objects.create(**about)


def _groups(ready, tables, changing):
    """[(manifest or None, films)]: those of a folder with a manifest wait until all in it has come to rest."""
    tables = {each.path.parent: each for each in sorted(tables, key=lambda each: each.name)}
    busy = {each.path.parent for each in changing}
    plain = [each for each in ready if each.path.parent not in tables]
    groups = [(None, plain[:ROUND])] if plain else []
    for folder, table in tables.items():
        films = [each for each in ready if each.path.parent == folder and each != table]
        if films and folder not in busy and table in ready:
            groups.append((table, films))
    return groups

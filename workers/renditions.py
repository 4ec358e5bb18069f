"""Reading what the model is to look at: stored renditions, several at a time. No database here."""

import logging
from concurrent.futures import ThreadPoolExecutor

from django.utils.translation import gettext_noop

from ml import preprocess
from screening import keeping, queue

log = logging.getLogger(__name__)

# Two cores decode; more of them wait at once for a storage that is far away.
THREADS = 4


def readers():
    """The threads that read."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="renditions")


def begin(pool, rows, side):
    """Begin to read the renditions of `rows` as squares of `side`; `read` gives them."""
    return [pool.submit(_tensor, row, side) for row in rows]


def read(rows, begun):
    """([rows that could be read], their tensors, [(row, the queue.Permanent that it fails with)]) of what was begun."""
    good, tensors, bad = [], [], []
    for row, film in zip(rows, (each.result() for each in begun), strict=True):
        if isinstance(film, queue.Permanent):
            bad.append((row, film))
        else:
            good.append(row)
            tensors.append(film)
    return good, tensors, bad


def _tensor(row, side):
    try:
        return preprocess.to_tensor(grey(row.image), side)
    except queue.Permanent as error:
        return error


def grey(image):
    """The model rendition of an image, (h, w) uint8; raises queue.Outage, queue.Transient or queue.Permanent."""
    try:
        with image.model_input.open("rb") as file:
            png = file.read()
    except OSError as error:
        log.warning("image %s: %s", image.pk, type(error).__name__)
        raise _unreachable(image, error) from None
    try:
        return preprocess.load_rendition(png)
    except (OSError, ValueError):
        sentence = gettext_noop("The stored rendition of this film cannot be read.")
        raise queue.Permanent("rendition_unreadable", sentence) from None


def _unreachable(image, error):
    if isinstance(error, FileNotFoundError) and keeping.answers(image.model_input.name):
        sentence = gettext_noop("The stored rendition of this film cannot be reached.")
        return queue.Transient("rendition_missing", sentence)
    return queue.Outage("storage_away", keeping.AWAY)

"""Pictures that were kept though they could not be decoded: opened again from their originals, in the limited child."""

import contextlib
import io

from django.utils.translation import gettext_noop

from screening import keeping, queue, reasons, sandbox
from screening.models import Image
from screening.said_elsewhere import STILL_NOT_DECODED, UNKNOWN_CODING

MISSING = gettext_noop("The stored file of this picture is missing: tell an administrator, and send the film again.")
CODE = Image.Gate.UNDECODABLE.value
# How far apart the middles of pixels lie, as facts and Image name it.
SPACING = ("row_spacing_mm", "column_spacing_mm", "spacing_at_detector")


class NotDecoded(queue.Permanent):
    """The picture still cannot be decoded; `sentence` says why. It stays as it is, and may be tried again later."""


@contextlib.contextmanager
def decoding(image):
    """Decode the original of an image and keep its renditions: the fields of the Image that change, as a dict.

    Where the block raises, the renditions go again. Raises NotDecoded, keeping.StorageAway, and what `sandbox.decode`
    and `keeping.kept` raise when it is not the picture's fault.
    """
    with _opened(image.original) as original:
        decoded = _decoded(original)
    viewing, model_input = keeping.name("renditions", ".view.png"), keeping.name("renditions", ".model.png")
    files = {viewing: decoded.viewing, model_input: io.BytesIO(decoded.model_input)}
    with decoded, keeping.kept(files):
        yield _fields(decoded.facts) | {"viewing": viewing, "model_input": model_input}


def _opened(original):
    try:
        return original.open("rb")
    except OSError as error:
        if keeping.is_away(original.name, error):
            raise keeping.away(error) from None
        raise NotDecoded("original_missing", MISSING) from None


def _decoded(original):
    try:
        decoded = sandbox.decode(original)
    except sandbox.Refused as refused:
        raise NotDecoded(CODE, refused.sentence or reasons.sentence(refused.code)) from None
    if decoded.facts["flaw"] == CODE:
        detail = decoded.facts["flaw_detail"]
        raise NotDecoded(CODE, STILL_NOT_DECODED % {"coding": detail or UNKNOWN_CODING})
    return decoded


def _fields(facts):
    centre, width = facts["window"] or (None, None)
    named = {name: facts[name] for name in ("rows", "columns", "bits", "content_hash", "pixels_version", *SPACING)}
    flaw = {"gate": facts["flaw"], "gate_detail": facts["flaw_detail"][:120]}
    return named | flaw | {"window_centre": centre, "window_width": width}

"""The header `Idempotency-Key`: what is sent again under it gets its first answer, and nothing is done."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
FORM = re.compile(r"[A-Za-z0-9._:-]{1,64}")
RULE = gettext_noop("1 to 64 of A-Z, a-z, 0-9 and . _ : -, and never anything of a patient's.")

PARAMETER = OpenApiParameter(HEADER, OpenApiTypes.STR, OpenApiParameter.HEADER, description=RULE)


class KeyReused(Exception):
    """The key was used before, for something else."""

    sentence = gettext_noop(
        "This Idempotency-Key was used before, for something else: send this under a key of its own."
    )


def of(request):
    """The key of a request, or "". Raises ValidationError."""
    return checked(request.headers[HEADER], HEADER) if HEADER in request.headers else ""


def checked(key, field):
    if FORM.fullmatch(key):
        return key
    raise serializers.ValidationError({field: [_("An Idempotency-Key is %(rule)s") % {"rule": _(RULE)}]})

"""How a body is read: JSON as strictly as it was meant, and a table as its bytes."""

import json

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, JSONParser

TOO_DEEP = gettext_noop("The JSON is nested too deeply.")


class Json(JSONParser):
    """UTF-8 whatever the head says, no NaN, each name once; ten thousand brackets are refused like any other fault."""

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            text = stream.read().decode()
            found = json.loads(text, parse_constant=_no_number, object_pairs_hook=_each_once)
            if "\\u" in text:
                # Half a character has no bytes: neither the ledger nor an answer that quotes it could be written.
                json.dumps(found, ensure_ascii=False).encode()
            return found
        except RecursionError:
            raise ParseError(TOO_DEEP) from None
        except ValueError as error:
            raise ParseError(_("The body is not JSON: %(error)s") % {"error": error}) from None


def _no_number(name):
    raise ValueError(f"{name} is not a number of JSON")


def _each_once(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice in one object")
    return found


class Table(BaseParser):
    """The bytes of a CSV: what they are written in, the reader finds out."""

    media_type = "text/csv"

    def parse(self, stream, media_type=None, parser_context=None):
        return stream.read()

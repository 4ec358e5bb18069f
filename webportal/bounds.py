"""What is refused by a request's head alone, on the pages as in the API: no byte of such a body is read."""

from django.http import JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# An archive of 1 GB with the form around it; deploy/nginx/firstread.conf has the same number.
MAX_REQUEST_B = 1100 * 2**20
MAX_TABLE_B = 10 * 2**20
# JSON and forms without files: unpacked they take two hundred times the space.
MAX_WORDS_B = 2**20
# Where files come; elsewhere a form holds words, and on the login page anybody may send one.
FILES = ("/upload/", "/api/")
LIMITS = {
    "multipart/form-data": MAX_REQUEST_B,
    "application/offset+octet-stream": MAX_REQUEST_B,
    "text/csv": MAX_TABLE_B,
}
TOO_LARGE = gettext_noop(
    "This request is larger than %(limit)s MB: send large files in pieces, and lists of words in parts."
)
# Python knows charsets that unpack ("zlib"): one megabyte would become a gigabyte.
CHARSET = gettext_noop("Send text in UTF-8; a manifest's own first bytes say what it is written in.")
# Parameters in the manner of RFC 2231 are for names of files; here they would only reach parsers that stumble on them.
EXTENDED = "*="
HEAD = gettext_noop("The head of this request cannot be read: mend its Accept or its Content-Type.")
ENCODED = gettext_noop("Send the body as it is: FirstRead unpacks ZIP files, and no Content-Encoding.")
NO_LENGTH = gettext_noop("Say with Content-Length how much is coming.")


class Bounds:
    """A middleware; it comes before whatever reads a body."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if refusal := _refusal(request):
            status, code, sentence = refusal
            return JsonResponse({"error": {"code": code, "sentence": _(sentence)}}, status=status)
        return self.get_response(request)


def _refusal(request):
    """(status, code, sentence), or None where the head is fine."""
    sent = request.META
    if sent.get("HTTP_CONTENT_ENCODING", "identity").lower() not in ("", "identity"):
        return 415, "content_encoding", ENCODED
    if request.content_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        return 415, "unsupported_charset", CHARSET
    if EXTENDED in sent.get("HTTP_ACCEPT", "") + sent.get("CONTENT_TYPE", ""):
        return 400, "parse_error", HEAD
    if sent.get("HTTP_TRANSFER_ENCODING"):
        return 411, "length_required", NO_LENGTH
    length = sent.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        return 400, "parse_error", NO_LENGTH
    limit = LIMITS.get(request.content_type, MAX_WORDS_B) if request.path.startswith(FILES) else MAX_WORDS_B
    # Zeros in front are no reason to read fewer digits; Python refuses to read thousands.
    if int(length.lstrip("0")[:20] or 0) > limit:
        return 413, "request_too_large", _(TOO_LARGE) % {"limit": limit // 2**20}
    return None

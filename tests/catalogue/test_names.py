"""Any text whatever as a name: of a file, a path, an entry of a ZIP, a key. Shown cleaned, and never used."""

import string
from pathlib import PurePosixPath

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from screening.models import Receipt
from tests.catalogue import zips
from tests.intake import films
from workers import jobs

pytestmark = pytest.mark.django_db

# The fixtures may be shared: each example only adds files to the same batch.
EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
HOSTILE = st.sampled_from("../\\:*?\"<>|\0\n\r\t%;=$'`\u202e\u2066\x1b\x7f\u00ad\ufeff💀")
TEXT = st.text(max_size=300) | st.text(HOSTILE, min_size=1, max_size=40) | st.text(min_size=250, max_size=2000)
TURNING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
KEYS = set(string.ascii_letters + string.digits + "._:-")
DATA = b"no film at all"


def shown(name):
    """What must hold of a name as it is kept."""
    assert len(name) <= 255
    assert not any(ord(each) < 32 or 0x7F <= ord(each) < 0xA0 or 0xD800 <= ord(each) < 0xE000 for each in name)
    assert not TURNING & set(name)


def nothing_is_called_so(media):
    """Every file in storage has a generated name."""
    for path in media.parent.rglob("*"):
        if path.is_file():
            parts = PurePosixPath(path.relative_to(media)).parts
            assert parts[0] in ("originals", "renditions", "archives")
            assert set(parts[-1]) <= set(string.hexdigits + "-.viewmodlpng")


def form(name, field=None):
    """A multipart body by hand: Django's own client would tidy the name."""
    head = (
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n' + films.jpeg() + b"\r\n"
    )
    if field is not None:
        head += b'--B\r\nContent-Disposition: form-data; name="name"\r\n\r\n' + field + b"\r\n"
    return head + b"--B--\r\n"


@pytest.fixture
def post(as_sender, batch, rung):
    def post(body, **headers):
        answer = as_sender.generic(
            "POST", f"/api/v1/batches/{batch.pk}/files", body, "multipart/form-data; boundary=B", **headers
        )
        assert answer.status_code in (200, 201, 400, 409, 415, 422), answer.content[:300]
        return answer

    return post


@given(name=TEXT)
@example(name="../../etc/passwd")
@example(name="a\0b")
@EXAMPLES
def test_a_file_may_have_any_name(post, media, name):
    answer = post(form(name.encode("utf-8", "surrogatepass").replace(b'"', b"%22")))
    if answer.status_code < 400:
        shown(answer.json()["receipt"]["name"])
    nothing_is_called_so(media)


@given(name=st.binary(max_size=300))
@EXAMPLES
def test_a_file_may_have_any_bytes_as_its_name(post, media, name):
    assume(b"\r\n--B" not in name)
    answer = post(form(name))
    if answer.status_code < 400:
        shown(answer.json()["receipt"]["name"])
    nothing_is_called_so(media)


@given(path=TEXT)
@EXAMPLES
def test_a_file_may_bring_any_path(post, media, path):
    answer = post(form(b"a.jpg", path.encode("utf-8", "surrogatepass")))
    if answer.status_code < 400:
        shown(answer.json()["receipt"]["name"])
    nothing_is_called_so(media)


@given(names=st.lists(TEXT, min_size=1, max_size=4))
@EXAMPLES
def test_an_entry_may_have_any_name(send, media, names):
    entries = [zips.entry(name.encode("utf-8", "replace"), DATA, flags=zips.UTF8) for name in names]
    job = send(zips.built(*entries), "cd.zip").json()["archive"]["id"]
    jobs.unpack()
    receipts = Receipt.objects.filter(job=job)
    assert receipts.count() == len(names) or receipts.get().entry == 0
    for receipt in receipts:
        shown(receipt.name)
    nothing_is_called_so(media)


@given(
    names=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4), flags=st.sampled_from((0, zips.UTF8))
)
@EXAMPLES
def test_an_entry_may_have_any_bytes_as_its_name(send, media, names, flags):
    job = send(zips.built(*(zips.entry(name, DATA, flags=flags) for name in names)), "cd.zip").json()["archive"]["id"]
    jobs.unpack()
    receipts = Receipt.objects.filter(job=job)
    assert receipts.count() == len(names) or receipts.get().entry == 0
    for receipt in receipts:
        shown(receipt.name)
    nothing_is_called_so(media)


@given(key=TEXT)
@example(key="a" * 64)
@example(key="a" * 65)
@example(key="Jane Doe")
@EXAMPLES
def test_a_key_is_of_its_own_letters_or_refused(post, media, key):
    answer = post(form(b"a.jpg"), HTTP_IDEMPOTENCY_KEY=key)
    good = set(key) <= KEYS and 1 <= len(key) <= 64
    assert (answer.status_code == 400) == (not good), (key, answer.content[:300])
    nothing_is_called_so(media)

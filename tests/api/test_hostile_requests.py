"""What a hostile or broken program may send: refused in the API's own shape, at once, and never with a 500."""

import io
import json
import time
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from screening.models import Batch, Receipt, Study, User
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401

pytestmark = pytest.mark.django_db
GB = 2**30


@pytest.fixture(autouse=True)
def alone(media, model, rung):  # noqa: F811
    """Storage of its own, a model, and no broker."""


@pytest.fixture
def batch(factories, home, sender):
    return factories.batch(home, by=sender)


@pytest.fixture
def everybody(factories, home):
    """A person of every role, so that no role's 403 hides what lies behind it."""
    return factories.person(["technologist", "radiologist", "clinical_lead", "administrator"], home)


@pytest.fixture
def client(by_token, everybody):
    return by_token(everybody)


@pytest.fixture
def mine(factories, home, everybody):
    return factories.batch(home, by=everybody)


def refused(answer, *statuses):
    """The error of an answer that has one of these statuses and the API's shape."""
    assert answer.status_code in statuses, (answer.status_code, answer.content[:300])
    error = answer.json()["error"]
    assert set(error) <= {"code", "sentence", "fields"} and error["code"] and error["sentence"]
    assert "Traceback" not in error["sentence"]
    return error


@pytest.fixture
def in_a_second():
    """The processor time of this process in the test stays below a second."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 1


# The head of a request.


class Untouched(io.RawIOBase):
    """A body that must not be read."""

    def readable(self):
        return True

    def readinto(self, buffer):
        raise AssertionError("the body was read")


def by_wsgi(path, method="POST", **environ):
    """(status, body) of a request whose body must not be read, as gunicorn hands it over."""
    from webportal.wsgi import application

    answered = {}
    about = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "HTTP_HOST": "localhost", "wsgi.input": Untouched(), "wsgi.errors": io.StringIO(), "wsgi.url_scheme": "http",
        "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False, "wsgi.version": (1, 0),
        "QUERY_STRING": "", "SCRIPT_NAME": "", "REMOTE_ADDR": "127.0.0.1",
    }  # fmt: skip
    found = application(about | environ, lambda status, headers, *_: answered.update(status=int(status[:3])))
    body = b"".join(found)
    return answered["status"], body


HEADS = {
    "four gigabytes": ({"CONTENT_LENGTH": str(4 * GB), "CONTENT_TYPE": "multipart/form-data; boundary=x"}, 413),
    "a length of forty digits": ({"CONTENT_LENGTH": "9" * 40, "CONTENT_TYPE": "multipart/form-data; boundary=x"}, 413),
    "four gigabytes behind zeros": ({"CONTENT_LENGTH": f"{4 * GB:040}", "CONTENT_TYPE": "application/json"}, 413),
    "two megabytes of JSON": ({"CONTENT_LENGTH": str(2**21), "CONTENT_TYPE": "application/json"}, 413),
    "two megabytes of nothing named": ({"CONTENT_LENGTH": str(2**21), "CONTENT_TYPE": ""}, 413),
    "a manifest of eleven megabytes": ({"CONTENT_LENGTH": str(11 * 2**20), "CONTENT_TYPE": "text/csv"}, 413),
    "a negative length": ({"CONTENT_LENGTH": "-1", "CONTENT_TYPE": "application/json"}, 400),
    "a length in words": ({"CONTENT_LENGTH": "ten", "CONTENT_TYPE": "application/json"}, 400),
    "a length in other digits": ({"CONTENT_LENGTH": "٣", "CONTENT_TYPE": "application/json"}, 400),
    "an endless chunked body": ({"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_TYPE": "application/json"}, 411),
    "gzip": ({"HTTP_CONTENT_ENCODING": "gzip", "CONTENT_LENGTH": "9", "CONTENT_TYPE": "application/json"}, 415),
    "two encodings": ({"HTTP_CONTENT_ENCODING": "identity, br", "CONTENT_LENGTH": "9"}, 415),
    "a charset that unpacks": ({"CONTENT_LENGTH": "9", "CONTENT_TYPE": "application/json; charset=zlib"}, 415),
    "a charset in two parts": ({"CONTENT_LENGTH": "9", "CONTENT_TYPE": "text/csv; charset*0=zl; charset*1=ib"}, 415),
    "UTF-16 by its name": ({"CONTENT_LENGTH": "9", "CONTENT_TYPE": "application/json; charset=utf-16"}, 415),
    "an unknown charset": ({"CONTENT_LENGTH": "9", "CONTENT_TYPE": "application/json; charset*=nosuch''x"}, 415),
    "an extended parameter": ({"CONTENT_LENGTH": "9", "CONTENT_TYPE": "application/json; a*=nosuch''x"}, 415),
    "an extended parameter that is known": ({"CONTENT_LENGTH": "9", "CONTENT_TYPE": "a/b; a*=utf-8''x"}, 400),
    "an Accept that nobody can read": ({"HTTP_ACCEPT": "application/json; a*=nosuch''x"}, 400),
}


@pytest.mark.row(73, 74)
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("path", ["/api/v1/uploads", "/api/v1/login", "/upload/", "/login/"])
def test_a_head_that_does_not_fit_is_refused_before_a_byte_of_the_body_is_read(head, path):
    environ, expected = HEADS[head]
    status, body = by_wsgi(path, **environ)
    assert status == expected
    assert json.loads(body)["error"]["sentence"]


@pytest.mark.row(73)
def test_the_login_page_takes_no_file():
    head = {"CONTENT_LENGTH": str(2**21), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    assert by_wsgi("/login/", **head)[0] == 413


@pytest.mark.row(73)
def test_a_body_that_ends_before_its_length_is_400(client):
    answer = client.post(
        "/api/v1/uploads", b"--x\r\n", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="5"
    )
    refused(answer, 400)


def test_nginx_lets_through_what_the_portal_takes(settings):
    from webportal import bounds

    conf = (settings.ROOT / "deploy/nginx/firstread.conf").read_text()
    assert f"client_max_body_size {bounds.MAX_REQUEST_B // 2**20}m;" in conf


# Forms.


def part(head, data=b"x"):
    return b"--B\r\n" + head + b"\r\n\r\n" + data + b"\r\n"


FILE = b'Content-Disposition: form-data; name="file"; filename="a.jpg"'
FORMS = {
    "no boundary": ("multipart/form-data", part(FILE) + b"--B--\r\n"),
    "an empty boundary": ("multipart/form-data; boundary=", part(FILE) + b"--B--\r\n"),
    "a boundary of a kilobyte": ("multipart/form-data; boundary=" + "B" * 1000, part(FILE)),
    "a boundary with a NUL": ("multipart/form-data; boundary=B\0", part(FILE)),
    "another boundary": ("multipart/form-data; boundary=C", part(FILE) + b"--B--\r\n"),
    "ten thousand fields": (
        "multipart/form-data; boundary=B",
        b"".join(part(b'Content-Disposition: form-data; name="a%d"' % n) for n in range(10_000)) + b"--B--\r\n",
    ),
    "ten thousand files": ("multipart/form-data; boundary=B", part(FILE) * 10_000 + b"--B--\r\n"),
    "damaged base64": (
        "multipart/form-data; boundary=B",
        part(FILE + b"\r\nContent-Transfer-Encoding: base64", b"A") + b"--B--\r\n",
    ),
    "a part's head of a megabyte": (
        "multipart/form-data; boundary=B",
        part(b'Content-Disposition: form-data; name="' + b"n" * 1_000_000 + b'"') + b"--B--\r\n",
    ),
    "three megabytes in fields": (
        "multipart/form-data; boundary=B",
        part(b'Content-Disposition: form-data; name="name"', b"x" * 3_000_000) + part(FILE) + b"--B--\r\n",
    ),
    "a file under no name of a field": (
        "multipart/form-data; boundary=B",
        part(b'Content-Disposition: form-data; filename="a.jpg"') + b"--B--\r\n",
    ),
    "a NUL in a field": (
        "multipart/form-data; boundary=B",
        part(FILE) + part(b'Content-Disposition: form-data; name="name"', b"a\0b") + b"--B--\r\n",
    ),
    "a field twice": (
        "multipart/form-data; boundary=B",
        part(FILE) + part(b'Content-Disposition: form-data; name="name"') * 2 + b"--B--\r\n",
    ),
    "a file name in an unknown charset": (
        "multipart/form-data; boundary=B",
        part(b"Content-Disposition: form-data; name=\"file\"; filename*=nosuch''a.jpg") + b"--B--\r\n",
    ),
    "nothing at all": ("multipart/form-data; boundary=B", b""),
    "only its end": ("multipart/form-data; boundary=B", b"--B--\r\n"),
}


@pytest.mark.row(75)
@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_does_not_fit_is_refused_within_a_second(client, mine, in_a_second, form):
    kind, body = FORMS[form]
    refused(client.generic("POST", f"/api/v1/batches/{mine.pk}/files", body, kind), 400, 413, 415)
    assert not Receipt.objects.exists()


@pytest.mark.row(75)
def test_base64_with_a_megabyte_of_spaces_is_read_within_a_second(client, mine, in_a_second):
    body = part(FILE + b"\r\nContent-Transfer-Encoding: base64", b" " * 2**20 + b"eHg=") + b"--B--\r\n"
    answer = client.generic("POST", f"/api/v1/batches/{mine.pk}/files", body, "multipart/form-data; boundary=B")
    assert answer.status_code in (400, 415, 422)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "C:\\x\\a.jpg", "a\0.jpg", "\u202egpj.exe", "x" * 5000, "CON", "=cmd()", "\n\r.jpg", "💀.jpg"],
)
def test_a_name_of_whatever_kind_is_shown_and_never_used(client, mine, media, name):  # noqa: F811
    body = part(b'Content-Disposition: form-data; name="file"; filename="' + name.encode() + b'"', films.jpeg())
    answer = client.generic(
        "POST", f"/api/v1/batches/{mine.pk}/files", body + b"--B--", "multipart/form-data; boundary=B"
    )
    assert answer.status_code in (201, 400, 415, 422)
    written = [path.relative_to(media).as_posix() for path in media.rglob("*") if path.is_file()]
    assert all(path.split("/")[0] in ("originals", "renditions") for path in written)
    assert not any("passwd" in path or "cmd" in path for path in written)


@pytest.mark.row(72)
def test_a_hundred_and_one_files_in_one_request_are_all_answered(client, mine):
    sent = [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(101)]
    answer = client.post(f"/api/v1/batches/{mine.pk}/files", {"file": sent}, format="multipart")
    assert answer.status_code == 200
    assert len(answer.json()["receipts"]) == 101


# JSON.

BODIES = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a list of lists": b"[[1]]",
    "a text": b'"x"',
    "a number": b"1",
    "ten thousand brackets": b"[" * 10_000 + b"]" * 10_000,
    "half a million brackets": b"[" * 500_000,
    "ten thousand objects in each other": b'{"site":' * 10_000 + b"1" + b"}" * 10_000,
    "NaN": b'{"site": NaN}',
    "infinity": b'{"version": -Infinity}',
    "a name twice": b'{"site": "home", "site": "away"}',
    "UTF-16": '{"site": "home"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "no UTF-8": b'{"site": "\xff\xfe"}',
    "half a character": b'{"site": "\\ud800"}',
    "an integer of 5,000 digits": b'{"version": ' + b"9" * 5000 + b"}",
    "a cut end": b'{"site": "home',
    "two documents": b"{} {}",
    "single quotes": b"{'site': 'home'}",
    "a NUL": b'{"site": "home"}\0',
    "a form": b"site=home",
}  # fmt: skip
TAKE_JSON = [
    "login", "batches", "studies/{study}/priority", "studies/{study}/withdraw", "studies/{study}/sign",
    "studies/{study}/addenda", "batches/{batch}/known", "batches/{batch}/retry", "images/{image}/view",
    "models/{model}/promote", "models/rollback", "models/{model}/shadow", "models/{model}/rescreen",
]  # fmt: skip
# Nothing has to be said there; an empty body, or an empty object, is a wish.
WITHOUT_A_WORD = {
    "batches",
    "batches/{batch}/retry",
    "models/{model}/promote",
    "models/rollback",
    "models/{model}/rescreen",
}


@pytest.fixture
def address(factories, home, mine, model):
    """A function: the address of a route, with ids of rows that exist."""
    study = factories.study(home)
    ids = {"study": study.pk, "image": study.images.get().pk, "batch": mine.pk, "model": model.pk}
    return lambda route: "/api/v1/" + route.format(**ids)


@pytest.mark.row(76)
@pytest.mark.parametrize("body", BODIES)
def test_json_that_is_none_is_400_wherever_json_is_taken(client, address, in_a_second, body):
    for route in TAKE_JSON:
        if body == "nothing" and route in WITHOUT_A_WORD:
            continue
        answer = client.generic("POST", address(route), BODIES[body], "application/json")
        assert answer.status_code == 400, (route, answer.content[:300])
        refused(answer, 400)


VALUES = [None, True, 1, 10**30, -1, 1.5, "", "x" * 10_000, "a\0b", "\ud800", [], [[]], {}, {"a": 1}, "2026-13-45"]
FIELDS = {
    "batches": ["site", "priority", "name", "age_group", "dry_run"],
    "studies/{study}/priority": ["priority", "reason"],
    "studies/{study}/withdraw": ["reason"],
    "studies/{study}/sign": ["version", "finding", "comment"],
    "studies/{study}/addenda": ["finding", "comment"],
    "batches/{batch}/known": ["keys"],
    "batches/{batch}/retry": ["code"],
    "images/{image}/view": ["view"],
    "models/{model}/promote": ["follow", "name"],
    "models/rollback": ["name"],
    "models/{model}/shadow": ["on"],
    "models/{model}/rescreen": ["status", "site", "since", "until"],
    "login": ["username", "password"],
}


@pytest.mark.row(76)
@pytest.mark.parametrize("route", FIELDS)
def test_a_value_of_the_wrong_kind_is_400_and_its_field_is_named(client, address, route):
    for name in FIELDS[route]:
        for value in VALUES:
            body = json.dumps({name: value})
            answer = client.post(address(route), body, content_type="application/json")
            assert answer.status_code < 500, (name, value, answer.content[:300])
            if answer.status_code == 400:
                assert refused(answer, 400).get("fields") or value == "\ud800", (name, value)


def test_a_nul_in_any_text_of_json_is_400_and_names_the_field(client, address):
    texts = {"batches": "name", "studies/{study}/withdraw": "reason", "studies/{study}/priority": "reason"}
    for route, name in texts.items():
        answer = client.post(address(route), {"priority": "stat", name: "a\0b"})
        assert name in refused(answer, 400)["fields"]


@pytest.mark.row(77)
def test_what_nobody_may_set_is_not_set(client, address, home, away, everybody):
    address = address("studies/{study}/priority")
    before = Study.objects.values().get()
    extra = {"site": str(away.pk), "status": "read", "probability": 0.1, "band": "likely", "claimed_by": everybody.pk}
    answer = client.post(address, {"priority": "routine", **{name: str(value) for name, value in extra.items()}})
    assert answer.status_code in (200, 400)
    after = Study.objects.values().get()
    assert {name for name in before if before[name] != after[name]} <= {"due_at", "cap_at"}


@pytest.mark.row(77)
def test_a_batch_is_its_senders_whatever_the_body_says(client, everybody, factories):
    other = factories.technologist()
    sent = {"uploaded_by": str(other.pk), "state": "cancelled", "source": "watch", "id": str(uuid.UUID(int=1))}
    made = client.post("/api/v1/batches", {"name": "x", "is_staff": True, **sent})
    assert made.status_code == 201
    batch = Batch.objects.get(name="x")
    assert (batch.uploaded_by, batch.state, batch.source) == (everybody, "open", "api")
    assert not User.objects.filter(is_staff=True).exists()


# Addresses.


@pytest.mark.row(78)
@pytest.mark.parametrize("kind", ["studies", "batches", "models", "images", "parts"])
@pytest.mark.parametrize(
    "name", ["1", "0", "-1", f"{{{uuid.UUID(int=1)}}}", "%00", "..%2f..%2fetc", "%252e%252e", "a" * 5000]
)
def test_an_id_that_is_none_is_404(client, kind, name):
    for rest in ("", "/receipts", "/view"):
        answer = client.get(f"/api/v1/{kind}/{name}{rest}")
        refused(answer, 404)


@pytest.mark.row(78)
@pytest.mark.parametrize("path", ["studies/{0}", "batches/{0}", "batches/{0}/receipts", "batches/{0}/receipts.csv"])
def test_what_is_elsewhere_and_what_is_nowhere_get_the_same_answer(as_reader, factories, away, path):
    there = factories.study(away, batch=factories.batch(away))
    pk = there.pk if path.startswith("studies") else there.batch_id
    answers = [as_reader.get("/api/v1/" + path.format(each)) for each in (pk, uuid.uuid4())]
    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].content == answers[1].content


FILTERS = [
    "order_by=-password", "ordering=claimed_by__password", "site__users__password__startswith=p", "status__in=read",
    "pk=1", "id=1' OR '1'='1", "_connector=OR", "site=home' OR 1=1 --", "status=read'", "band=" + "x" * 10_000,
    "received_from=yesterday", "received_from=9999999999", "size=x", "site=%00", "site[]=home", "probability__gt=0",
]  # fmt: skip


@pytest.mark.row(79)
@pytest.mark.parametrize("query", FILTERS)
@pytest.mark.parametrize("path", ["studies", "batches", "batches/{}/receipts", "worklist"])
def test_a_filter_that_is_none_is_400(client, mine, path, query):
    answer = client.get(f"/api/v1/{path.format(mine.pk)}?{query}")
    assert refused(answer, 400)["fields"]


@pytest.mark.row(80)
@pytest.mark.parametrize("size", ["0", "-1", "201", "1000000", "9" * 5000, "1e2", "%00", "１"])
@pytest.mark.parametrize("path", ["studies", "batches", "batches/{}/receipts"])
def test_a_size_of_a_page_that_does_not_fit_is_400(client, mine, path, size):
    answer = client.get(f"/api/v1/{path.format(mine.pk)}?size={size}")
    assert answer.status_code in (200, 400)
    assert answer.status_code == 400 or size == "１"


CURSORS = [
    "x", "", "%00", "cD0x", "cD1ub3QtYS1kYXRl", "bz0tMQ==", "bz0xMDAwMDAwMDAwMDAwMDA=", "cj0xJnA9JTAw", "9" * 10_000,
    "cD0yMDI2LTAxLTAx", "cD05OTk5LTEyLTMx", "////", "cj0xJm89OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "ðŸ’€",
]  # fmt: skip


@pytest.mark.row(80)
@pytest.mark.parametrize("cursor", CURSORS)
@pytest.mark.parametrize("path", ["studies", "batches", "batches/{}/receipts"])
def test_a_cursor_that_is_broken_is_400_or_404_and_an_empty_one_the_start(client, mine, path, cursor):
    answer = client.get(f"/api/v1/{path.format(mine.pk)}?cursor={cursor}")
    assert answer.status_code in (200, 400, 404), answer.content[:300]


@pytest.mark.row(80)
@pytest.mark.parametrize("after", ["x", "%00", "9" * 10_000, "eyJ9", "WzEsMl0=", "bnVsbA==", "e30=", "[]"])
def test_a_broken_place_on_the_worklist_is_400(client, after):
    assert refused(client.get(f"/api/v1/worklist?after={after}"), 400)


@pytest.mark.row(86)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "X"])
def test_a_verb_that_is_not_taken_is_405(client, method):
    for path in ("studies", "batches", "worklist", "me"):
        refused(client.generic(method, f"/api/v1/{path}"), 405)


@pytest.mark.row(86)
def test_options_and_head_tell_no_more_than_get(client):
    assert client.head("/api/v1/me").content == b""
    assert client.options("/api/v1/studies").status_code in (200, 405)
    assert Client().options("/api/v1/studies").status_code == 401


@pytest.mark.row(86)
@pytest.mark.parametrize(
    "path", ["studies/", "Studies", "//studies", "studies//", "./studies", "studies%2f", "%73tudies%20"]
)
def test_an_address_that_is_nearly_one_is_404(client, path):
    assert client.get(f"/api/v1/{path}").status_code == 404


@pytest.mark.row(86)
def test_xml_is_not_spoken(client):
    refused(client.get("/api/v1/me", headers={"Accept": "application/xml"}), 406)
    refused(client.get("/api/v1/me?format=xml"), 404)


@pytest.mark.row(81)
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "text/html", "application/x-yaml", ";", "a/b/c"])
def test_json_under_another_name_is_415(client, kind):
    refused(client.generic("POST", "/api/v1/batches", b"{}", kind), 415)


@pytest.mark.row(81)
def test_a_method_in_disguise_is_not_taken(client):
    answer = client.post("/api/v1/me", {"_method": "GET"}, headers={"X-HTTP-Method-Override": "GET"})
    refused(answer, 405)


@pytest.mark.row(81)
def test_a_session_from_another_origin_changes_nothing(sender, home):
    client = Client(enforce_csrf_checks=True)
    client.force_login(sender)
    head = {"Origin": "https://evil.example", "X-CSRFToken": "x" * 32}
    client.cookies["csrftoken"] = "x" * 32
    refused(client.post("/api/v1/batches", "{}", content_type="application/json", headers=head), 403)
    assert not Batch.objects.exists()


@pytest.mark.row(87)
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost@evil.example", "localhost:99999x", "a" * 5000, "", "[::1", "\0"]
)
def test_a_host_that_is_not_ours_is_400(client, host):
    answer = client.get("/api/v1/me", HTTP_HOST=host)
    assert answer.status_code == 400 or host == ""
    assert b"evil" not in answer.content


@pytest.mark.row(87)
def test_a_forwarded_host_changes_no_link(client, factories, mine):
    for _ in range(2):
        factories.batch(mine.site)
    head = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Port": "1",
        "X-Real-IP": "x",
    }
    answer = client.get("/api/v1/batches?size=1", headers=head)
    assert answer.status_code == 200
    assert answer.json()["next"].startswith("http://testserver/")


# Logging in.


@pytest.mark.row(88)
@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("reader", "x" * 10_000),
        ("reader", "a\0b"),
        ("re\0ader", "x"),
        ("rеader", "right password here"),  # a Cyrillic e
        ("READER", "right password here"),
        ("ｒｅａｄｅｒ", "right password here"),
        ("x" * 10_000, "x"),
        ("' OR 1=1 --", "x"),
        ("\ud800", "x"),
    ],
)
def test_a_login_with_odd_words_is_refused_like_any_other(db, factories, home, username, password):
    factories.radiologist(home, username="reader", password="right password here")
    body = json.dumps({"username": username, "password": password})
    answer = Client().post("/api/v1/login", body, content_type="application/json")
    refused(answer, 400, 401)

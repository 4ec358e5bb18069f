"""A real portal (gunicorn) and a real socket: a connection that breaks in the middle of a file costs nothing."""

import base64
import http.client
import os
import re
import signal
import socket
import struct
import sys
import time
from pathlib import Path

import pytest

from tests.faults.conftest import until
from tests.intake import films

pytestmark = pytest.mark.faults
TUS = {"Tus-Resumable": "1.0.0"}
MB = 2**20


class Portal:
    """The portal's processes as `manage.py up` starts them, and a person who sends to it."""

    def __init__(self, program, port, token, var):
        self.program, self.port, self.token, self.var = program, port, token, var

    def ask(self, method, path, body=b"", **headers):
        """(status, headers) of a request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        head = TUS | {"Authorization": f"Token {self.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        connection.request(method, path, body, head)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders())

    def begin(self, batch, size, name):
        said = {"batch": str(batch.pk), "name": name}
        said = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())
        status, head = self.ask("POST", "/api/v1/parts", Upload_Length=str(size), Upload_Metadata=said)
        assert status == 201
        return head["Location"]

    def patch(self, where, offset, body):
        kind = "application/offset+octet-stream"
        return self.ask("PATCH", where, body, Upload_Offset=str(offset), Content_Type=kind)

    def offset(self, where):
        status, head = self.ask("HEAD", where)
        assert status == 200
        return int(head["Upload-Offset"])

    def half_a_patch(self, where, offset, size, body):
        """A socket over which `body` of the promised `size` bytes has gone."""
        head = [
            f"PATCH {where} HTTP/1.1", "Host: localhost", f"Authorization: Token {self.token}", "Tus-Resumable: 1.0.0",
            "Content-Type: application/offset+octet-stream", f"Content-Length: {size}", f"Upload-Offset: {offset}",
        ]  # fmt: skip
        line = socket.create_connection(("127.0.0.1", self.port))
        line.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        return line

    def kept(self, batch, head):
        """The file of the archive that the answer speaks of."""
        return self.var / "media" / batch.jobs.get(pk=head["Firstread-Archive"]).file.name

    def memory(self):
        """MB that the largest of the portal's processes has ever taken."""
        children = self.program.children()
        peaks = [re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) for pid in children]
        return max(int(peak[1]) for peak in peaks) / 1024


@pytest.fixture
def batch(factories, home, sender):
    factories.active_model()
    return factories.batch(home, by=sender)


@pytest.fixture
def portal(installation, sender):
    from knox.models import AuthToken

    program = installation.started("portal")
    return Portal(program, installation.port, AuthToken.objects.create(sender)[1], installation.var)


def _answers(portal):
    try:
        return portal.ask("GET", "/healthz")[0] == 200
    except OSError:
        return False


def break_off(line):
    """As a cable that is pulled: a reset, and no goodbye."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


@pytest.mark.parametrize("end", [break_off, socket.socket.close], ids=["reset", "closed"])
def test_a_file_whose_connection_breaks_goes_on_from_what_arrived(portal, batch, end):
    data = films.archive({"a.jpg": films.jpeg()}) + bytes(6 * MB)  # damaged, and by its first bytes an archive
    where = portal.begin(batch, len(data), "cd.zip")
    line = portal.half_a_patch(where, 0, len(data), data[: 5 * MB])
    until(lambda: batch.parts.get().offset >= 4 * MB, 60, "the first piece is kept")
    time.sleep(0.5)
    end(line)
    until(lambda: portal.offset(where) > 4 * MB, 60, "what arrived is kept, also of the piece that broke")
    offset = portal.offset(where)
    assert offset <= 5 * MB
    status, head = portal.patch(where, offset, data[offset:])
    assert (status, head["Upload-Offset"]) == (204, str(len(data)))
    assert portal.kept(batch, head).read_bytes() == data


def test_a_portal_that_is_killed_in_the_middle_of_a_file_has_what_it_kept(portal, batch):
    size = 9 * MB
    where = portal.begin(batch, size, "cd.zip")
    line = portal.half_a_patch(where, 0, size, b"PK\3\4" + bytes(8 * MB))
    until(lambda: batch.parts.get().offset >= 8 * MB, 60, "two pieces are kept")
    for pid in portal.program.children():
        os.kill(pid, signal.SIGKILL)
    line.close()
    until(lambda: _answers(portal), 60, "gunicorn has other processes")
    offset = portal.offset(where)
    assert offset == 8 * MB
    assert portal.patch(where, offset, bytes(size - offset))[0] == 204


def test_senders_that_hardly_send_keep_nobody_waiting(portal, batch):
    lines = [portal.half_a_patch(portal.begin(batch, MB, f"{n}.zip"), 0, MB, b"PK") for n in range(4)]
    began = time.monotonic()
    for _ in range(10):
        for line in lines:
            line.sendall(b"x")
        assert _answers(portal)
    assert time.monotonic() - began < 40
    for line in lines:
        line.close()


def test_a_thousand_connections_at_once_leave_a_portal_that_answers(portal):
    lines = []
    for _ in range(1000):
        lines.append(socket.create_connection(("127.0.0.1", portal.port), timeout=60))
        lines[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    for line in lines:
        line.close()
    until(lambda: _answers(portal), 60, "the portal answers again")


@pytest.mark.load
def test_half_a_gigabyte_goes_through_a_portal_whose_memory_stays(portal, batch):
    size, piece = 500 * MB, 8 * MB
    where = portal.begin(batch, size, "cd.zip")
    portal.patch(where, 0, b"PK\3\4")
    before = portal.memory()
    began, offset = time.monotonic(), 4
    while offset < size:
        status, head = portal.patch(where, offset, os.urandom(min(piece, size - offset)))
        assert status == 204
        offset = int(head["Upload-Offset"])
    seconds, after = time.monotonic() - began, portal.memory()
    sys.stdout.write(
        f"{size // MB} MB in {seconds:.0f} s; the portal's memory {before:.0f} -> {after:.0f} MB at most\n"
    )
    assert portal.kept(batch, head).stat().st_size == size
    assert after < 300

"""Many at the same moment: one study that fifty readers claim, and a thousand connections that say nothing."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.db import connections

from deploy.local import commands
from tests.deploy.conftest import free_port

READERS, THREADS = 50, 10
CONNECTIONS = 1_000


@pytest.mark.row(82)
@pytest.mark.django_db(transaction=True)
def test_of_fifty_claims_of_one_study_at_once_one_holds(factories, home, model, by_token):
    study = factories.screened(factories.study(home))
    readers = [by_token(factories.radiologist(home)) for _ in range(READERS)]
    line = threading.Barrier(THREADS)

    def claim(reader):
        line.wait(20)
        try:
            return reader.post(f"/api/v1/studies/{study.pk}/claim").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as threads:
        assert Counter(threads.map(claim, readers)) == {200: 1, 409: READERS - 1}


@pytest.fixture
def portal(process_environment, settings, tmp_path):
    """The address of a portal as `manage.py up` starts it."""
    port, environment = free_port(), process_environment | {"FIRSTREAD_VAR": str(tmp_path / "var")}
    plan = commands.plan(settings.ROOT, tmp_path / "var", port, free_port())
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            plan.commands["portal"], env=environment, cwd=settings.ROOT, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield port
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def answers(port, within_s):
    """Seconds until the portal answers."""
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).status_code < 500:
                return time.monotonic() - began
        time.sleep(0.1)
    raise AssertionError(f"no answer within {within_s} s")


@pytest.mark.slow
@pytest.mark.row(89)
@pytest.mark.row(73)
def test_a_thousand_connections_that_say_nothing_leave_a_portal_that_answers(portal):
    answers(portal, 60)
    held = []
    try:
        for _ in range(CONNECTIONS):
            with contextlib.suppress(OSError):  # refused at once is an answer too
                held.append(socket.create_connection(("127.0.0.1", portal), 1))
                held[-1].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        assert held
    finally:
        for each in held:
            each.close()
    answers(portal, 60)

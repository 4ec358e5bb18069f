"""The limited child: what it cannot do, and that nobody else pays for what a file does to it."""

import io
import json
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from screening import sandbox
from tests.intake import films

HOSTILE = Path(__file__).parent / "hostile_child.py"


@pytest.fixture(scope="module")
def warm():
    """One child for the tests that leave it whole."""
    child = sandbox.Child()
    yield child
    child.stop()


@pytest.fixture
def hostile():
    child = sandbox.Child(HOSTILE, wall_s=60)
    yield child
    child.stop()


def facts(decoder, data):
    decoded = decoder.decode(io.BytesIO(data))
    decoded.viewing.close()
    return decoded.facts


def refusal(child, data):
    with pytest.raises(sandbox.Refused) as caught:
        child.decode(io.BytesIO(data))
    return caught.value


@pytest.mark.parametrize(
    ("data", "format"), [(films.jpeg(), "jpeg"), (films.png(), "png"), (films.dicom(), "dicom")], ids=str
)
def test_a_film_comes_back_as_facts_and_two_renditions(warm, data, format):
    decoded = warm.decode(io.BytesIO(data))
    assert (decoded.facts["format"], decoded.facts["rows"], decoded.facts["columns"]) == (format, 160, 160)
    with decoded.viewing as viewing:
        assert viewing.read(4) == decoded.model_input[:4] == b"\x89PNG"


def test_a_file_that_is_no_film_is_refused_by_its_code_and_sentence(warm):
    refused = refusal(warm, b"#!/bin/sh")
    assert refused.code == "unsupported_type"
    assert "JPEG" in refused.sentence


def test_one_child_serves_many_files(warm):
    facts(warm, films.png(1))
    first = warm._process.pid
    refusal(warm, films.truncated_jpeg())
    facts(warm, films.png(2))
    assert warm._process.pid == first


def test_what_is_refused_is_the_last_file_of_its_process(hostile):
    seen = [json.loads(refusal(hostile, b"WHO").sentence)["process"] for _ in range(3)]
    assert len(set(seen)) == 3
    assert hostile._process.pid not in seen


def readers(child, *files):
    """How many processes have read these (order, of)."""
    decoded = [child.decode(io.BytesIO(order), None, of) for order, of in files]
    return len({each.facts["process"] for each in decoded})


def test_small_films_of_one_batch_are_read_by_one_process_and_those_of_another_by_another(hostile):
    assert readers(hostile, *[(b"FILM", "one")] * 3) == 1
    assert readers(hostile, (b"FILM", "one"), (b"FILM", "two"), (b"FILM", "one")) == 3


@pytest.mark.parametrize(
    "files", [[(b"FILM", None)] * 3, [(b"VAST", "one")] * 3, [(b"FILM" + bytes(5 << 20), "one")] * 3]
)
def test_films_of_no_batch_and_large_ones_have_a_process_each(hostile, files):
    assert readers(hostile, *files) == 3


def test_a_process_reads_so_many_films_and_no_more(hostile, monkeypatch):
    monkeypatch.setattr(sandbox, "FILES_A_FORK", 2)
    assert readers(hostile, *[(b"FILM", "one")] * 5) == 3


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (b"ABORT", "decoder_crashed"),
        (b"EXIT", "decoder_crashed"),
        (b"BUG", "decoder_crashed"),
        (b"LIE", "decoder_crashed"),
        (b"HOG", "decoder_memory"),
        (b"HANG", "decoder_timeout"),
    ],
)
def test_a_file_that_breaks_the_decoder_is_refused_alone(hostile, order, code):
    hostile._wall_s = 3 if order == b"HANG" else 60
    assert refusal(hostile, order).code == code
    hostile._wall_s = 60
    assert facts(hostile, films.png())["format"] == "png"


def test_an_endless_loop_ends_by_the_processor_seconds_too(hostile):
    hostile._wall_s = 300
    begun = time.monotonic()
    assert refusal(hostile, b"SPIN").code == "decoder_timeout"
    assert time.monotonic() - begun < 150


def test_a_child_killed_in_the_middle_of_a_file_costs_that_file_alone(hostile):
    facts(hostile, films.png())
    threading.Timer(0.3, os.kill, (hostile._process.pid, signal.SIGKILL)).start()
    assert refusal(hostile, b"HANG").code == "decoder_crashed"
    assert facts(hostile, films.png())["format"] == "png"


def test_a_child_that_died_between_two_files_costs_none(hostile):
    facts(hostile, films.png())
    os.kill(hostile._process.pid, signal.SIGKILL)
    hostile._process.wait(60)
    assert facts(hostile, films.png())["format"] == "png"


def test_what_a_library_prints_does_not_reach_the_answers(hostile):
    refusal(hostile, b"PRINT")
    assert facts(hostile, films.png())["format"] == "png"


def test_the_child_sees_no_secret_no_network_and_writes_no_file(hostile, monkeypatch):
    monkeypatch.setenv("FIRSTREAD_SECRET_KEY", "canary")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1]).encode()
        found = json.loads(refusal(hostile, b"LOOK".ljust(8, b"\0") + port).sentence)
    assert set(found["environment"]) <= {*sandbox.ENVIRONMENT, "LC_CTYPE", "GDCM_RESOURCES_PATH"}
    assert found["connects"] is not True
    assert found["writes"] in ("OSError", "FileNotFoundError")
    if os.geteuid() == 0:  # others give up the files where the kernel lets them
        assert (found["files"], found["parent"]) == ([], "FileNotFoundError")


def test_the_child_ends_with_its_parents_end_of_the_pipe(hostile):
    facts(hostile, films.png())
    process = hostile._process
    process.stdin.close()
    assert process.wait(60) == 0


def test_threads_share_a_pool_without_mixing_their_films():
    pool = sandbox.Pool(2)
    try:
        with ThreadPoolExecutor(4) as threads:
            pictures = [films.png(seed, 130 + seed) for seed in range(8)]
            found = list(threads.map(lambda data: facts(pool, data), pictures))
    finally:
        pool.close()
    assert [each["rows"] for each in found] == [130 + seed for seed in range(8)]


def test_a_forked_process_starts_children_of_its_own():
    pool = sandbox.Pool(1)
    try:
        facts(pool, films.png())
        mine = pool.children[0]._process.pid
        if not (fork := os.fork()):
            pool.after_fork()
            facts(pool, films.png())
            other = pool.children[0]._process.pid
            pool.close()
            os._exit(0 if other != mine else 1)
        assert os.waitpid(fork, 0)[1] == 0
        facts(pool, films.png())
        assert pool.children[0]._process.pid == mine
    finally:
        pool.close()

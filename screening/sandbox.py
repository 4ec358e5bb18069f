"""The limited child, seen from its parent: untrusted bytes are parsed there alone, never in this process.

A child is started by `subprocess` (a prefork child may not fork daemons), kept warm for many files, and replaced after
a crash. A pool of up to one a core is shared by the threads of a process and left behind by a fork.
"""

import atexit
import contextlib
import json
import logging
import os
import queue
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from screening import sandbox_child

log = logging.getLogger(__name__)

SCRIPT = Path(sandbox_child.__file__)
WALL_S = 20  # a film of 20 megapixels takes about 1.5 s
START_S = 60  # imports on a machine that is busy
# What a file did to a child's memory goes with the child; a new one costs 0.4 s.
FILES_A_CHILD = 200
CHILDREN = min(8, os.cpu_count() or 1)

CHUNK = 2**20
# A child is not trusted either: its answers are bounded. 64 megapixels of 16 bits, and 512 x 512 of 8, as PNG.
MAX_HEADER, MAX_VIEWING, MAX_MODEL_INPUT = 2**18, 160 * 2**20, 2**20
IN_MEMORY = 4 * 2**20
# One thread each, and no arena a thread: memory stays what the film needs.
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGALRM)


class Refused(Exception):
    """This file cannot become a film: `code` is a key of `screening.reasons`, `sentence` the child's words or ""."""

    def __init__(self, code, sentence=""):
        super().__init__(code)
        self.code, self.sentence = code, sentence


class CannotStart(RuntimeError):
    """The child does not start: the installation's fault, not a file's."""


@dataclass(frozen=True)
class Decoded:
    """What a child made of a file.

    facts: the fields of `ml.pixels.Header`, and `window` ([centre, width] or None), `content_hash`, `pixels_version`.
    viewing: an open binary file with the PNG for people. model_input: the PNG for the model.
    """

    facts: dict
    viewing: BinaryIO
    model_input: bytes


class Child:
    """One limited process. Not for two threads at once: the pool sees to that."""

    def __init__(self, script=SCRIPT, wall_s=WALL_S):
        self._script, self._wall_s = script, wall_s
        self._process, self._served = None, 0

    def decode(self, file):
        """Decoded from a seekable binary file; raises Refused, and CannotStart where it is not the file's fault."""
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        process = self._warm()
        self._served += 1
        try:
            with self._ends_after(self._wall_s, process) as expired:
                decoded = _ask(process, file, size)
        except (BrokenPipeError, EOFError, ValueError, KeyError, TypeError):
            raise Refused(self._cause_of_death(expired)) from None
        except Refused as refused:
            if refused.code in ("decoder_memory", "decoder_crashed"):
                self.stop()
            raise
        except BaseException:
            self.stop()  # it is in the middle of a request
            raise
        if expired.is_set():
            self.stop()
        return decoded

    def _warm(self):
        if self._process is not None and (self._served >= FILES_A_CHILD or self._process.poll() is not None):
            self.stop()
        if self._process is None:
            self._start()
        return self._process

    def _start(self):
        command = [sys.executable, "-I", str(self._script)]
        # Unbuffered: nothing is left in a buffer for a fork to copy. The child's own words may quote a film.
        self._process = process = subprocess.Popen(
            command, env=ENVIRONMENT, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, bufsize=0,
        )  # fmt: skip
        self._served = 0
        try:
            with self._ends_after(START_S, process):
                _take(process.stdout, len(sandbox_child.READY))
        except EOFError:
            self.stop()
            raise CannotStart("the decoder does not start: run `python -I screening/sandbox_child.py` to see") from None

    @contextlib.contextmanager
    def _ends_after(self, seconds, process):
        """Kill the process after `seconds`, which ends every wait on its pipes; gives the Event that says so."""
        expired = threading.Event()

        def end():
            expired.set()
            process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield expired
        finally:
            timer.cancel()
            timer.join()  # from here on it will never fire: the next file is safe

    def _cause_of_death(self, expired):
        code = self.stop()
        return "decoder_timeout" if expired.is_set() or code in OUT_OF_TIME else "decoder_crashed"

    def stop(self):
        """End the process, if there is one; returns how it had ended, or -9."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.stdin.close()
        process.stdout.close()
        # A child that died by itself has a moment to say how.
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(0.2)
        process.kill()
        return process.wait()

    def leave(self):
        """In a forked process: let go of what belongs to the parent, without a word to the child."""
        process, self._process = self._process, None
        if process is not None:
            process.stdin.close()
            process.stdout.close()
            process.returncode = 0


class Pool:
    """Up to CHILDREN children, started when they are needed; one thread has one at a time."""

    def __init__(self, size=CHILDREN, **child):
        self._fill = lambda: [Child(**child) for _ in range(size)]
        self._renew()

    def _renew(self):
        self.children = self._fill()
        # The last one used is the warm one.
        self._idle = queue.LifoQueue()
        for each in reversed(self.children):
            self._idle.put(each)

    def decode(self, file):
        child = self._idle.get()
        try:
            return child.decode(file)
        finally:
            self._idle.put(child)

    def close(self):
        for child in self.children:
            child.stop()

    def after_fork(self):
        """In a forked process: children of its own, and the parent's locks left behind."""
        for child in self.children:
            child.leave()
        self._renew()


def _ask(process, file, size):
    _send(process.stdin, struct.pack(">Q", size))
    while chunk := file.read(CHUNK):
        _send(process.stdin, chunk)
    (length,) = struct.unpack(">I", _take(process.stdout, 4))
    found = json.loads(_take(process.stdout, _bounded(length, MAX_HEADER)))
    if "error" in found:
        log.warning("the decoder failed with %s", str(found["error"])[:40])
    if "refused" in found:
        raise Refused(str(found["refused"])[:40], str(found["sentence"])[:255])
    with contextlib.ExitStack() as until_whole:
        viewing = until_whole.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))
        left = _bounded(found["viewing"], MAX_VIEWING)
        while left:
            left -= viewing.write(_take(process.stdout, min(left, CHUNK)))
        viewing.seek(0)
        model_input = _take(process.stdout, _bounded(found["model_input"], MAX_MODEL_INPUT))
        until_whole.pop_all()
    return Decoded(found["film"], viewing, model_input)


def _bounded(length, most):
    if not 0 <= length <= most:
        raise ValueError("the answer is longer than any film's")
    return length


def _send(pipe, data):
    view = memoryview(data)
    while view:
        view = view[pipe.write(view) :]


def _take(pipe, length):
    parts = []
    while length:
        if not (part := pipe.read(min(length, CHUNK))):
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


_pool = Pool()


def decode(file):
    """Decoded from a seekable binary file, by the next free child of this process; raises Refused and CannotStart."""
    return _pool.decode(file)


def close():
    """End this process's children."""
    _pool.close()


os.register_at_fork(after_in_child=_pool.after_fork)
atexit.register(close)

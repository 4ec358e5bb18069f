"""The limited child, seen from its parent: untrusted bytes are parsed there alone, never in this process.

A child is started by `subprocess` (a prefork child may not fork daemons), stays warm, and forks limited processes that
read the files; after a crash it is replaced. A pool of up to one a core is shared by the threads of a process and left
behind by a fork.
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
CHILDREN = min(8, os.cpu_count() or 1)

# A fork reads on where files are small and of one batch: a new one costs a third of a small film's time. What it may
# have kept of a film then meets only what the same person sent along with it.
FILES_A_FORK = 32
SMALL_B, SMALL_PIXELS = 4 * 2**20, 4 * 10**6

CHUNK = 2**20
# A child is not trusted either: its answers are bounded. 64 megapixels of 16 bits, and 512 x 512 of 8, as PNG.
MAX_HEADER = 2**18
MAX_FILES = {"viewing": 160 * 2**20, "model_input": 2**20, "cleaned": 160 * 2**20}
IN_MEMORY = 4 * 2**20
PIPE_B = 2**20  # what the kernel allows without a privilege
# One thread each, and no arena a thread: memory stays what the film needs.
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
# Each page of a fork's memory is new to it: large ones, taken once and kept, save a film a tenth of its time.
TUNED = ("hugetlb=1", "mmap_threshold=67108864", "trim_threshold=268435456", "top_pad=16777216")
ENVIRONMENT["GLIBC_TUNABLES"] = ":".join(f"glibc.malloc.{each}" for each in TUNED)
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

    facts: the fields of `ml.pixels.Header`, and `window` ([centre, width] or None), `flaw`, `flaw_detail`,
    `content_hash`, `pixels_version`.
    viewing: an open binary file with the PNG for people; model_input: the PNG for the model. None and b"" of a picture
    that cannot be decoded yet.
    cleaned: an open binary file with the original as a site that de-identifies may keep it; None at any other.
    As a context it closes its files.
    """

    facts: dict
    viewing: BinaryIO | None
    model_input: bytes
    cleaned: BinaryIO | None = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for file in (self.viewing, self.cleaned):
            if file:
                file.close()


class Child:
    """One limited process. Not for two threads at once: the pool sees to that."""

    def __init__(self, script=SCRIPT, wall_s=WALL_S):
        self._script, self._wall_s = script, wall_s
        self._process, self._fork = None, Fork()

    def decode(self, file, key=None, of=None):
        """Decoded from a seekable binary file; raises Refused, and CannotStart where it is not the file's fault.

        Under a `key` (bytes) the film is de-identified, and its facts and `cleaned` are those of that. Files `of` one
        batch may be read by one fork; a file of None is read by one of its own.
        """
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        process = self._warm()
        try:
            with self._ends_after(self._wall_s, process) as expired:
                if not self._fork.takes(of, size):
                    _send(process.stdin, sandbox_child.NEXT)
                    self._fork = Fork()
                self._fork.begins()
                decoded = _ask(process, file, size, key)
                self._fork.has_read(of, decoded)
        except (BrokenPipeError, EOFError, ValueError, KeyError, TypeError):
            raise Refused(self._cause_of_death(expired)) from None
        except Refused:
            raise
        except BaseException:
            self.stop()  # it is in the middle of a request
            raise
        if expired.is_set():
            self.stop()
        return decoded

    def _warm(self):
        if self._process is not None and self._process.poll() is not None:
            self.stop()
        if self._process is None:
            self._start()
        return self._process

    def _start(self):
        command = [sys.executable, "-I", str(self._script)]
        # Unbuffered: nothing is left in a buffer for a fork to copy. The child's own words may quote a film.
        self._fork = Fork()
        try:
            self._process = process = subprocess.Popen(
                command, env=ENVIRONMENT, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, bufsize=0, process_group=0, pipesize=PIPE_B,
            )  # fmt: skip
        except OSError as error:  # no memory for another process, say
            raise CannotStart(f"the decoder does not start: {error.strerror}") from None
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
            _kill(process)

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
        _kill(process)
        return process.wait()

    def leave(self):
        """In a forked process: let go of what belongs to the parent, without a word to the child."""
        process, self._process = self._process, None
        if process is not None:
            process.stdin.close()
            process.stdout.close()
            process.returncode = 0


class Fork:
    """What the fork that waits has read: so many files, of the batch `of` where it may read on."""

    def __init__(self):
        self.files, self.of = 0, None

    def takes(self, of, size):
        return self.files == 0 or (self.files < FILES_A_FORK and size <= SMALL_B and of is not None and of == self.of)

    def begins(self):
        """A file that is refused is the last of its fork."""
        self.files, self.of = self.files + 1, None

    def has_read(self, of, decoded):
        """A film came out; a large one is the last too."""
        small = decoded.facts["rows"] * decoded.facts["columns"] <= SMALL_PIXELS
        self.of = of if small else None


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

    def decode(self, file, key=None, of=None):
        child = self._idle.get()
        try:
            return child.decode(file, key, of)
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


def _kill(process):
    """With its fork: they are a group of their own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _ask(process, file, size, key):
    options = json.dumps({"key": key and key.hex()}).encode()
    _send(process.stdin, sandbox_child.FILE + struct.pack(">I", len(options)) + options + struct.pack(">Q", size))
    while chunk := file.read(CHUNK):
        _send(process.stdin, chunk)
    (length,) = struct.unpack(">I", _take(process.stdout, 4))
    found = json.loads(_take(process.stdout, _bounded(length, MAX_HEADER)))
    if "error" in found:
        log.warning("the decoder failed with %s", str(found["error"])[:40])
    if "refused" in found:
        raise Refused(str(found["refused"])[:40], str(found["sentence"])[:255])
    return _received(process.stdout, found)


def _received(pipe, found):
    with contextlib.ExitStack() as until_whole:
        viewing = _file(pipe, found, "viewing", until_whole)
        model_input = _take(pipe, _bounded(found["model_input"], MAX_FILES["model_input"]))
        cleaned = _file(pipe, found, "cleaned", until_whole)
        until_whole.pop_all()
    return Decoded(found["film"], viewing, model_input, cleaned)


def _file(pipe, found, name, until_whole):
    """An open file with what the answer holds under `name`; None where it holds nothing."""
    if not (left := _bounded(found[name], MAX_FILES[name])):
        return None
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  whoever asked for the film closes it
    until_whole.callback(file.close)
    while left:
        left -= file.write(_take(pipe, min(left, CHUNK)))
    file.seek(0)
    return file


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


def decode(file, pseudonym_key=None, of=None):
    """Decoded from a seekable binary file, by the next free child of this process; raises Refused and CannotStart.

    Under a site's `pseudonym_key` (bytes) it is de-identified on the way. `of`: its batch, or None (`Child.decode`).
    """
    return _pool.decode(file, pseudonym_key, of)


def close():
    """End this process's children."""
    _pool.close()


os.register_at_fork(after_in_child=_pool.after_fork)
atexit.register(close)

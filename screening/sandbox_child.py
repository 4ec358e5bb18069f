"""The limited child's own program: untrusted bytes come in on stdin, a picture and its header go out on stdout.

Started by `screening.sandbox` as `python -I` with an empty environment. It imports `ml.pixels` alone, then gives up
what it does not need: memory, processor time, files, processes and, where the kernel allows it, the network.

A request is 8 bytes of length and the file. An answer is 4 bytes of length, a JSON object, and the two renditions
whose lengths the object names. It ends with its parent: at the end of stdin, or by its own alarm in a file.
"""

import contextlib
import ctypes
import dataclasses
import json
import os
import resource
import signal
import struct
import sys
import time
from pathlib import Path

MEMORY_B = 1536 * 2**20  # above what the imports need; a film of 20 megapixels takes about 600 MB
CPU_S = 15
ALARM_S = 40  # for a child whose parent, which watches the clock, is gone
OPEN_FILES = 32
READY = b"ready"
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


def leave_the_network():
    """A network namespace of its own holds no interface that is up. Where the kernel refuses, the child goes on."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        if libc.unshare(CLONE_NEWNET):
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def limit():
    """Give up memory, files, new processes and core dumps, for good: hard limits as well as soft ones."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    limits = {
        resource.RLIMIT_AS: pages * resource.getpagesize() + MEMORY_B,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        getattr(resource, "RLIMIT_NPROC", None): 0,
    }
    for name, value in limits.items():
        with contextlib.suppress(OSError, ValueError, TypeError):  # macOS refuses some
            resource.setrlimit(name, (value, value))


def wind_the_clocks():
    """A new file gets its own processor seconds and its own alarm; both end the process."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + CPU_S, hard))
    signal.alarm(ALARM_S)


def decode(data):
    """(facts, viewing PNG, model PNG) of the film in `data`; raises ml.pixels.Unreadable."""
    from ml import pixels

    film = pixels.read(data)
    facts = dataclasses.asdict(film.header) | {
        "rows": film.pixels.shape[0],
        "columns": film.pixels.shape[1],
        "bits": film.bits,
        "window": film.window,
        "content_hash": pixels.content_hash(film),
        "pixels_version": pixels.PIXELS_VERSION,
    }
    return facts, pixels.viewing_rendition(film), pixels.model_rendition(film)


def out_of_memory(error):
    """Whether a MemoryError stands behind `error`: the decoders turn whatever they meet into Unreadable."""
    while error is not None and not isinstance(error, MemoryError):
        error = error.__cause__ or error.__context__
    return error is not None


def answer(data, decode):
    """The answer to one file: (object, renditions). Never raises: what the decoder does not name is its own failure."""
    try:
        facts, viewing, model_input = decode(data)
        return {"film": facts, "viewing": len(viewing), "model_input": len(model_input)}, [viewing, model_input]
    except Exception as error:
        if out_of_memory(error):
            return {"refused": "decoder_memory", "sentence": ""}, []
        if hasattr(error, "code") and hasattr(error, "sentence"):
            return {"refused": error.code, "sentence": error.sentence}, []
        # The type alone: a message may quote the file.
        return {"refused": "decoder_crashed", "sentence": "", "error": type(error).__name__}, []


def serve(requests, answers, decode):
    """Answer files until stdin ends."""
    while len(head := requests.read(8)) == 8:
        wind_the_clocks()
        found, renditions = answer(requests.read(struct.unpack(">Q", head)[0]), decode)
        text = json.dumps(found).encode()
        for part in [struct.pack(">I", len(text)), text, *renditions]:
            answers.write(part)
        answers.flush()
        signal.alarm(0)


def main(decode=decode):
    # Ctrl-C in a terminal reaches the whole group; the parent decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints stays out of the answers
    leave_the_network()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import ml.pixels  # noqa: F401  the imports are paid for before the limits and before the first file

    limit()
    answers.write(READY)
    answers.flush()
    serve(sys.stdin.buffer, answers, decode)


if __name__ == "__main__":
    main()

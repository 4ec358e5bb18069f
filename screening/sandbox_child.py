"""The limited child's own program: untrusted bytes come in on stdin, a picture and its header go out on stdout.

Started by `screening.sandbox` as `python -I` with an empty environment. It imports `ml.pixels` alone, gives up the
network and the files of the system where the kernel allows it, and forks: the fork gives up memory, new files and
processes, and then reads what the parent sends, each file under processor seconds of its own. The one that stays warm
never parses a byte.

The parent says how long a fork lives: NEXT ends it, and another one takes its place. So a film meets at the most what
other small films of its own batch have left behind (`screening.sandbox.Child`).

A request is FILE, 4 bytes of length and a JSON object ({"key": the site's pseudonym key in hex, or null}), 8 bytes of
length and the file. An answer is 4 bytes of length, a JSON object, and the files whose lengths the object names: the
two renditions and, of a site that de-identifies, the original as it may be kept.
"""

import contextlib
import ctypes
import dataclasses
import gc
import json
import os
import resource
import signal
import struct
import sys
import tempfile
import time
from pathlib import Path

MEMORY_B = 1536 * 2**20  # above what the imports need; a film of 20 megapixels takes about 600 MB
CPU_S = 15
ALARM_S = 40  # for a fork whose parents, which watch the clock, are gone
OPEN_FILES = 32
READY, FILE, NEXT = b"ready", b"f", b"n"
# How a fork ends that has given its answers: for the next one, or for good.
ANSWERED, OVER = 42, 43
LIBC = ctypes.CDLL(None)
CLONE_NEWUSER, CLONE_NEWNET, PR_SET_PDEATHSIG = 0x10000000, 0x40000000, 1
FILES = ("viewing", "model_input", "cleaned")


def leave_the_system():
    """Into a network without interfaces and a folder without files; where the kernel refuses, the child goes on.

    What is imported is in memory by now. A database's socket, the installation's secrets and `/proc`, which knows the
    parent's environment, are out of reach.
    """
    with contextlib.suppress(OSError, AttributeError):
        if LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNET):
            LIBC.unshare(CLONE_NEWNET)
    with contextlib.suppress(OSError):
        empty = Path(tempfile.mkdtemp())
        os.chdir(empty)
        empty.rmdir()  # it lives on as the working directory, and nobody can lay a file into it
        os.chroot(".")


def bytes_in_use():
    """The size of this process; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0


def limit(most):
    """Give up memory above `most` bytes, files, new processes and core dumps, for good: hard limits as well as soft."""
    limits = {
        resource.RLIMIT_AS: most,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_FSIZE: 0,
        getattr(resource, "RLIMIT_NPROC", None): 0,
    }
    for name, value in limits.items():
        with contextlib.suppress(OSError, ValueError, TypeError):  # macOS refuses some
            resource.setrlimit(name, (value, value))
    with contextlib.suppress(OSError, AttributeError):  # Linux alone: it ends with its parent
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wind_the_clocks():
    """This file's processor seconds and its alarm."""
    seconds = int(time.process_time()) + 1 + CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    signal.alarm(ALARM_S)


def decode(data, key=None):
    """(facts, {name of FILES: bytes}) of the film in `data`; raises ml.pixels.Unreadable.

    Under a `key` (bytes) the film is de-identified first, and what is said of it is said of that.
    """
    from ml import pixels
    from ml.pixels.deidentify import deidentified

    if key is None:
        return told(pixels.read(data))
    pixels.read(data)  # what is wrong with a file is told of the file as it was sent
    cleaned = deidentified(data, key)
    facts, files = told(pixels.read(cleaned))
    return facts, files | {"cleaned": cleaned}


def told(film):
    """(facts, renditions) of a Film; one that cannot be decoded yet has no renditions."""
    from ml import pixels

    facts = dataclasses.asdict(film.header) | {
        "bits": film.bits,
        "window": film.window,
        "flaw": film.flaw,
        "flaw_detail": film.flaw_detail,
        "content_hash": "",
        "pixels_version": pixels.PIXELS_VERSION,
    }
    if film.pixels is None:
        return facts, {}
    facts |= {"content_hash": pixels.content_hash(film), "rows": film.pixels.shape[0], "columns": film.pixels.shape[1]}
    return facts, {"viewing": pixels.viewing_rendition(film), "model_input": pixels.model_rendition(film)}


def out_of_memory(error):
    """Whether a MemoryError stands behind `error`: the decoders turn whatever they meet into Unreadable."""
    while error is not None and not isinstance(error, MemoryError):
        error = error.__cause__ or error.__context__
    return error is not None


def answer(data, key, decode):
    """The answer to one file: (object, files). Never raises: what the decoder does not name is its own failure."""
    try:
        facts, files = decode(data, key)
        return {"film": facts} | {name: len(files.get(name, b"")) for name in FILES}, list(files.values())
    except Exception as error:
        if out_of_memory(error):
            return {"refused": "decoder_memory", "sentence": ""}, []
        if hasattr(error, "code") and hasattr(error, "sentence"):
            return {"refused": error.code, "sentence": error.sentence}, []
        # The type alone: a message may quote the file.
        return {"refused": "decoder_crashed", "sentence": "", "error": type(error).__name__}, []


def serve(requests, answers, decode, most=resource.RLIM_INFINITY):
    """Answer files until stdin (a file descriptor) ends, in one fork after the other of at most so many bytes.

    Ends as a fork did that did not end by itself.
    """
    while True:
        if not (fork := os.fork()):
            _serve_some(requests, answers, decode, most)
        ended = os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1])
        if ended == OVER:
            return
        if ended != ANSWERED:
            os.kill(os.getpid(), -ended if ended < 0 else signal.SIGABRT)


def _serve_some(requests, answers, decode, most):
    """In the fork. It always ends here."""
    try:
        limit(most)
        while (what := take(requests, 1)) == FILE:
            wind_the_clocks()
            _serve_one(requests, answers, decode)
            signal.alarm(0)  # nobody says when the next one comes
    except BaseException:
        os._exit(1)
    os._exit(ANSWERED if what == NEXT else OVER)


def _serve_one(requests, answers, decode):
    options = json.loads(take(requests, struct.unpack(">I", take(requests, 4))[0]))
    data = take(requests, struct.unpack(">Q", take(requests, 8))[0])
    found, files = answer(data, options["key"] and bytes.fromhex(options["key"]), decode)
    text = json.dumps(found).encode()
    for part in [struct.pack(">I", len(text)), text, *files]:
        answers.write(part)
    answers.flush()


def take(descriptor, length):
    """Exactly so many bytes of a pipe, unbuffered: a buffer would swallow the next fork's file. Short at its end."""
    data, at = bytearray(length), 0
    view = memoryview(data)
    while at < length and (read := os.readv(descriptor, [view[at:]])):
        at += read
    view.release()
    return bytes(data) if at == length else b""


def warm_up():
    """Pay once for what the libraries load and remember at first use, on a film drawn here: 25 ms a fork otherwise.

    Everything that they load later has to come now, for there are no files then.
    """
    import encodings
    import importlib
    import io
    import pkgutil

    import numpy as np
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    character_sets = [f"encodings.{each.name}" for each in pkgutil.iter_modules(encodings.__path__)]
    for name in ["PIL.TiffImagePlugin", *character_sets]:  # the first for EXIF
        with contextlib.suppress(ImportError):  # those of other systems
            importlib.import_module(name)
    film = Dataset()
    film.preamble, film.file_meta = bytes(128), FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.Modality, film.StudyDate, film.PatientBirthDate = "DX", "20000102", "20000101"
    film.Rows = film.Columns = 256
    film.SamplesPerPixel, film.PhotometricInterpretation, film.PixelRepresentation = 1, "MONOCHROME2", 0
    film.BitsAllocated = film.BitsStored = 8
    film.HighBit, film.PixelData = 7, np.arange(2**16, dtype=np.uint8).tobytes()
    out = io.BytesIO()
    film.save_as(out)
    _, files = decode(out.getvalue(), b"a key")
    decode(files["viewing"])


def main(decode=decode):
    # Ctrl-C in a terminal reaches the whole group; the parent decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints stays out of the answers
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    warm_up()
    gc.freeze()  # what every fork shares stays shared
    in_use = bytes_in_use()
    leave_the_system()
    answers.write(READY)
    answers.flush()
    serve(0, answers, decode, in_use + MEMORY_B)


if __name__ == "__main__":
    main()

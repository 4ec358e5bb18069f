"""The limited child with a decoder that does what the file says: what a broken codec would make possible."""

import json
import os
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from screening import sandbox_child

sandbox_child.CPU_S = 1


class Told(Exception):
    """Carries what the child found to its parent, as a refusal would."""

    def __init__(self, found):
        super().__init__()
        self.code, self.sentence = "told", json.dumps(found)


def connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError as error:
        return type(error).__name__


def write_a_file():
    try:
        Path("/tmp/firstread-hostile").write_bytes(b"x" * 100)
        return "written"
    except OSError as error:
        return type(error).__name__


def reads(path):
    try:
        return len(Path(path).read_bytes())
    except OSError as error:
        return type(error).__name__


def spin():
    while True:
        pass


ORDERS = {
    b"FILM": lambda: ({"rows": 1000, "columns": 1000, "process": os.getpid()}, {}),
    b"VAST": lambda: ({"rows": 5000, "columns": 5000, "process": os.getpid()}, {}),
    b"ABORT": os.abort,
    b"EXIT": lambda: os._exit(0),
    b"HANG": lambda: time.sleep(60),
    b"SPIN": spin,
    b"HOG": lambda: bytearray(4 << 30),
    b"PRINT": lambda: print("a library's remark", flush=True),
    b"BUG": lambda: {}["no such key"],
    b"LIE": lambda: ({"format": "x"}, {"viewing": range(1 << 40)}),
}


def obey(data, key):
    order = bytes(data[:8]).split(b"\0")[0]
    if order == b"WHO":
        raise Told({"process": os.getpid()})
    if order == b"LOOK":
        looked = {"environment": list(os.environ), "connects": connects(int(data[8:])), "writes": write_a_file()}
        raise Told(
            looked
            | {"files": [str(each) for each in Path("/").iterdir()], "parent": reads(f"/proc/{os.getppid()}/environ")}
        )
    if order in ORDERS and (answer := ORDERS[order]()) is not None:
        return answer
    return sandbox_child.decode(data, key)


sandbox_child.main(obey)

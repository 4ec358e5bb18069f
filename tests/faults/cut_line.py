"""A program behind a line that can be cut: `unshare -n python -m tests.faults.cut_line SOCKET PORT command ...`

In a network of its own it passes 127.0.0.1:PORT on to the unix socket SOCKET of PostgreSQL. SIGUSR1 takes the network
away, so that packets vanish and connections stay open on both ends; SIGUSR2 brings it back.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading


def _pass_on(from_, to):
    with contextlib.suppress(OSError):
        while data := from_.recv(65536):
            to.sendall(data)
    for each in (from_, to):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _serve(listening, path):
    while True:
        near, _ = listening.accept()
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(path)
        except OSError:
            near.close()
            continue
        for pair in ((near, far), (far, near)):
            threading.Thread(target=_pass_on, args=pair, daemon=True).start()


def _line(state):
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


def main(path, port, *command):
    _line("up")
    listening = socket.create_server(("127.0.0.1", int(port)))
    threading.Thread(target=_serve, args=(listening, path), daemon=True).start()
    signal.signal(signal.SIGUSR1, lambda *_: _line("down"))
    signal.signal(signal.SIGUSR2, lambda *_: _line("up"))
    os._exit(subprocess.Popen(command).wait())


if __name__ == "__main__":
    main(*sys.argv[1:])

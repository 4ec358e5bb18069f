"""Half an hour of ordinary work on a real installation, looked at every ten seconds: does anything grow?

    python -m tests.load.soak --minutes 30 --json FILE

Portal, beat, operations worker and a screening worker with the shipped model, as `manage.py up` starts them; two films
a second are sent over HTTP, and five readers claim, look at the picture and sign. Memory is each process's share (PSS)
without shared memory segments, so that neither what processes share nor PostgreSQL's buffers count as growth. Ends with
1 where the memory of a process rises faster than the goal, or a film that was answered is not there.
"""

import argparse
import contextlib
import hashlib
import json
import os
import queue
import re
import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psutil

from tests.bench import drawn
from tests.installation import MUCH, by_itself
from tests.load import steady

READERS, SENDERS = 5, 4
LOOK_S, DRAIN_S = 10, 120
A_BATCH = 120
SIDES = (224, 256)
KINDS = ("portal", "operations", "beat", "screening")
CELERY_QUEUES = ("screening", "operations", "unacked")
PENDING = "SELECT count(*) FROM screening_screening WHERE state IN ('pending', 'leased')"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name = ''"


def main():
    asked = _arguments().parse_args()
    with by_itself() as installation:
        installation.manage("prepare")
        programs = {
            kind: installation.started(kind) if kind == "portal" else installation.start(kind) for kind in KINDS
        }
        found = _soak(installation, programs, 60 * asked.minutes, asked.rate)
        installation.end_programs()
    print(f"{found['sent']} films sent, {found['rate']:.2f} a second, {found['signed']} reads signed")
    print("answers: " + ", ".join(f"{what} {n}" for what, n in found["statuses"].items()))
    print(steady.said(found))
    print(f"films answered and not there: {found['lost']}; there twice, or with two predictions: {found['doubled']}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")
    sys.exit(bool(steady.missed_slopes(found) or found["lost"] or found["doubled"]))


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.load.soak", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=2, help="films a second")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and all samples here as well")
    return parser


def _soak(installation, programs, seconds, rate):
    from tests.load.people import Visitor  # with Django's models, which want their settings first

    site, people = _people()
    said, over = [], threading.Event()
    films = drawn.drawn(int(seconds * rate) + 2 * SENDERS, SIDES)
    visitors = [Visitor(installation.address, person, said) for person in people]
    answered, began = [], time.monotonic()
    threads = [threading.Thread(target=_read, args=(each, over), daemon=True) for each in visitors[SENDERS:]]
    threads += _senders(visitors[:SENDERS], site, films, began, rate, over, answered)
    for each in threads:
        each.start()
    with contextlib.closing(_Gauges(installation, programs)) as gauges:
        samples = _looked_at(gauges, began, seconds)
    over.set()
    for each in threads:
        each.join()
    _await_the_worker()
    answers = [(each.what, each.due - began, each.seconds) for each in said if 200 <= each.status < 300]
    found = steady.judge(samples, answers) | _kept(answered) | _counted(said)
    return found | {"sent": len(answered), "rate": len(answered) / seconds, "samples": samples}


def _people():
    from screening.models import Role, Site, User

    site = Site.objects.create(code="soak", name="Soak", **MUCH)
    roles = [Role.TECHNOLOGIST] * SENDERS + [Role.RADIOLOGIST] * READERS
    people = [User.objects.create_user(f"{role}{number}", roles=[role]) for number, role in enumerate(roles)]
    for each in people:
        each.sites.set([site])
    return site.code, people


def _senders(visitors, site, films, began, rate, over, answered):
    """Threads that send the films, each at its time: a film that waits for a free sender is late by that.

    `answered` gets the SHA-256 of each that was said to be kept.
    """
    waiting = queue.SimpleQueue()
    for number, film in enumerate(films.items()):
        waiting.put((began + number / rate, film))

    def send(visitor):
        batch = sent = None
        while not (over.is_set() or waiting.empty()):
            due, (name, data) = waiting.get()
            if over.wait(max(0, due - time.monotonic())):
                return
            if not sent or sent % A_BATCH == 0:
                batch, sent = visitor.begin(site), 0
            sent += 1
            if 200 <= visitor.send(batch, name, data, due) < 300:
                answered.append(hashlib.sha256(data).hexdigest())

    return [threading.Thread(target=send, args=(each,), daemon=True) for each in visitors]


def _read(visitor, over):
    """Look at the list, take the next study, look at its picture, think, and sign."""
    while not over.is_set():
        visitor.ask("list", "GET", "/worklist/")
        study = visitor.take()
        if study:
            visitor.look(study)
            over.wait(1)
            visitor.sign(study)
        over.wait(1)


def _looked_at(gauges, began, seconds):
    samples = []
    while (at := time.monotonic() - began) < seconds:
        samples.append({"at": at, **gauges.read()})
        if sys.stdout.isatty() or len(samples) % 6 == 1:
            now = samples[-1]
            in_all = sum(mb * now["alike"][name] for name, mb in now["memory"].items())
            print(f"{at:6.0f} s: {now['queues']}, {in_all:.0f} MB in all", flush=True)
        time.sleep(max(0, min(LOOK_S * len(samples), seconds) + began - time.monotonic()))
    return samples


class _Gauges:
    """What is looked at of an installation; `read` gives a sample for tests.load.steady, without its time."""

    def __init__(self, installation, programs):
        import psycopg2
        import redis

        self._leaders = {name: program.pid for name, program in programs.items()}
        self._leaders |= {"redis": installation.redis.pid, "postgres": installation.postgres.pid}
        url = installation.environment["DATABASE_URL"]
        self._database = psycopg2.connect(url, application_name="soak")
        self._database.autocommit = True
        socket = installation.environment["FIRSTREAD_REDIS_URL"].removeprefix("redis+socket://")
        self._redis = redis.Redis(unix_socket_path=socket)

    def close(self):
        self._database.close()
        self._redis.close()

    def read(self):
        memory, descriptors, alike = {}, {}, {}
        for name, pids in self._processes().items():
            held = [each for each in map(_held, pids) if each]
            if held:
                memory[name], descriptors[name] = map(statistics.fmean, zip(*held, strict=True))
                alike[name] = len(held)
        queues = {name: self._length(name) for name in CELERY_QUEUES} | {"ledger": self._one(PENDING)}
        used = self._redis.info("memory")["used_memory"] / 1e6
        about = {"connections": self._one(CONNECTIONS), "redis": used, "queues": queues}
        looked_at = {"memory": memory, "descriptors": descriptors, "alike": alike}
        return looked_at | about | {"load": os.getloadavg()[0]}

    def _processes(self):
        """{name: pids}: each process by itself, but those that are alike: a program's limited children, PostgreSQL's.

        Of them there are as many as work is done at once, and they come and go.
        """
        found = {}
        for name, pid in self._leaders.items():
            below = psutil.Process(pid).children(recursive=True)
            if name == "postgres":
                found[name] = [pid, *(each.pid for each in below)]
                continue
            found[f"{name} {pid}"] = [pid]
            for each in below:
                limited = "-I" in _arguments_of(each)
                found.setdefault(f"{name} limited children" if limited else f"{name} {each.pid}", []).append(each.pid)
        return found

    def _length(self, name):
        return self._redis.hlen(name) if name == "unacked" else self._redis.llen(name)

    def _one(self, sql):
        with self._database.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0]


def _arguments_of(process):
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def _held(pid):
    """(MB, descriptors) of a process, or None where it has ended."""
    try:
        said = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kilobytes = {name: int(number) for name, number in re.findall(r"^(\w+): +(\d+) kB", said, re.MULTILINE)}
        return (kilobytes["Pss"] - kilobytes["Pss_Shmem"]) / 1e3, psutil.Process(pid).num_fds()
    except (OSError, psutil.Error, KeyError):
        return None


def _await_the_worker():
    from screening.models import Screening

    ends = time.monotonic() + DRAIN_S
    while Screening.objects.filter(state__in=Screening.UNSETTLED).exists() and time.monotonic() < ends:
        time.sleep(0.5)


def _kept(answered):
    from screening.models import Image

    there = Counter(Image.objects.filter(predictions__isnull=False).values_list("sha256", flat=True))
    return {
        "lost": sum(sha256 not in there for sha256 in answered),
        "doubled": sum(n > 1 for n in there.values()),
    }


def _counted(said):
    from screening.models import Read

    statuses = Counter(f"{each.what} {each.status}" for each in said)
    return {"statuses": dict(sorted(statuses.items())), "signed": Read.objects.count()}


if __name__ == "__main__":
    main()

"""The phases of the benchmark, each of whose ways take turns: seconds, and from them films a second and ratios."""

import logging
import statistics
from pathlib import Path

from django.conf import settings
from knox.models import AuthToken

from screening.models import Image, ModelVersion, Role, Site, User
from screening.worklist import database_now
from tests.bench import senders
from tests.bench.screening import ceiling, ideal, pipeline, rivals, sharing, urgency
from tests.installation import MUCH
from workers import loading, versions

log = logging.getLogger(__name__)

# Batches a round: what begins and ends a queue weighs little among them.
BATCHES = 10
# A page or a task a film is slow: few are enough.
FEW = 40


def everything(installation, films: dict[str, bytes], rounds: int) -> dict:
    """Every figure of the benchmark, from an installation that is prepared and of which nothing runs yet."""
    worker = installation.started("screening", name="first")
    installation.start("operations")
    installation.started("portal")
    portal = senders.Portal(installation.address, _token(), installation.environment["DATABASE_URL"])
    names = list(films)
    pipeline.from_upload(portal, "warm", {name: films[name] for name in names[:16]})
    found = {"films": len(films), "megabytes_a_film": sum(map(len, films.values())) / len(films) / 1e6}
    found |= _compared(installation, worker, portal, films, rounds)
    images = list(Image.objects.select_related("study"))
    log.info("a stat film among many")
    found["stat"] = urgency.seconds(portal, images)
    log.info("two workers")
    found["two_workers"] = sharing.compared(installation, images, BATCHES * settings.BATCH_SIZE, rounds)
    installation.end_programs()
    log.info("a stub model")
    found |= ceiling.of_one_worker(installation, images)
    return found


def _token():
    sites = [Site.objects.create(code=code, name=code, **MUCH) for code in ("warm", "timed", "zipped", "stat")]
    user = User.objects.create_user("sender", roles=[Role.TECHNOLOGIST])
    user.sites.set(sites)
    return AuthToken.objects.create(user)[1]


def _compared(installation, worker, portal, films, rounds):
    card = versions.card_of(ModelVersion.objects.get(active=True))
    loop = ideal.Loop(card, loading.runtime(), settings.BATCH_SIZE)
    serving = rivals.started(installation, card, [Path(image.model_input.path) for image in Image.objects.all()])
    times, spent = {}, {"screening": [], "upload": []}
    for number in range(rounds):
        log.info("round %d of %d", number + 1, rounds)
        share = {name: films[name] for name in list(films)[number::rounds]}
        for way, (count, seconds) in _ways(loop, portal, serving, share).items():
            began, heard = database_now(), len(worker.said())
            times.setdefault(way, []).append(count / seconds())
            if way in spent:
                spent[way] += pipeline.stages(worker.said()[heard:], began)
    return {
        "films_a_second": {way: statistics.median(each) for way, each in times.items()},
        "ratios": _ratios(times),
        "stages_ms": {way: _typical(batches) for way, batches in spent.items()},
    }


def _ways(loop, portal, serving, share):
    """{way: (how many films, function that gives the seconds they take)}; `share`: the films to upload."""
    page, tasks = serving
    images = list(Image.objects.filter(site__code="warm").select_related("study"))
    paths = [Path(image.model_input.path) for image in images]
    many, few = (_as_many(paths, count) for count in (BATCHES * settings.BATCH_SIZE, FEW))
    renditions = [path.read_bytes() for path in few]
    return {
        "ideal from renditions": (len(many), lambda: loop.from_renditions(many)),
        "screening": (len(many), lambda: pipeline.from_renditions(images, len(many))),
        "ideal from files": (len(share), lambda: loop.from_files(list(share.values()))),
        "upload": (len(share), lambda: pipeline.from_upload(portal, "timed", share)),
        "upload in a ZIP": (len(share), lambda: pipeline.from_upload(portal, "zipped", share, senders.by_zip)),
        "flask, one client": (FEW, lambda: rivals.asked(page, renditions, 1)),
        "flask, eight clients": (FEW, lambda: rivals.asked(page, renditions, rivals.CLIENTS)),
        "celery task a film": (FEW, lambda: tasks(few)),
    }


def _as_many(things, count):
    return [things[number % len(things)] for number in range(count)]


# What is held against what: films a second of the first by those of the second, round by round.
HELD_AGAINST = {
    "screening / ideal from renditions": ("screening", "ideal from renditions"),
    "upload / ideal from files": ("upload", "ideal from files"),
    "ZIP / ideal from files": ("upload in a ZIP", "ideal from files"),
    "screening / flask, one client": ("screening", "flask, one client"),
    "screening / flask, eight clients": ("screening", "flask, eight clients"),
    "upload / flask, one client": ("upload", "flask, one client"),
    "screening / celery task a film": ("screening", "celery task a film"),
}


def _ratios(times):
    pairs = {name: list(zip(times[a], times[b], strict=True)) for name, (a, b) in HELD_AGAINST.items()}
    return {name: spread([ours / theirs for ours, theirs in rounds]) for name, rounds in pairs.items()}


def spread(values):
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values)}


def _typical(batches):
    """Of each stage the median over the films, in ms: what a film spends there in its batch."""
    each = [batch for batch in batches for _ in range(batch["films"])]
    return {stage: statistics.median(batch[stage] for batch in each) for stage in pipeline.STAGES}

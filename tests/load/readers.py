"""Many readers at one worklist, and whether each got what was due."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from screening import order, worklist
from screening.models import Event, Priority, Study
from tests import factories
from tests.load import figures
from tests.load.people import Visitor

# Ahead by less than that is no different place.
AHEAD = 0.1
INVERTED = 0.01


def scored(site, model, count):
    """So many waiting studies without pictures, all received now, with probabilities drawn from 0 to 1."""
    drawn, now = random.Random(4), worklist.database_now()
    studies = []
    for _ in range(count):
        p = drawn.random()
        study = Study(site=site, received_at=now, priority=drawn.choice(Priority.values), probability=p)
        study.band, study.status = factories.band_of(p), Study.Status.SCREENED
        study.ai_state, study.model_version = "screened", model
        study.due_at, study.cap_at = order.due(study, p)
        studies.append(study)
    return Study.objects.bulk_create(studies)


def visitors(address, site, count, said):
    return [Visitor(address, factories.radiologist(site), said) for _ in range(count)]


def at_once(act, people):
    """[what `act` gave for each of the people], all at the same time."""
    with ThreadPoolExecutor(len(people)) as threads:
        return list(threads.map(act, people))


def drain(visitor):
    """Claim and sign until nothing waits; [(study id, when it was asked for, when it was answered)]."""
    found, began = [], time.monotonic()
    while study := visitor.take():
        found.append((study["id"], began, time.monotonic()))
        assert visitor.sign(study)
        began = time.monotonic()
    return found


def inverted(claims, studies):
    """How many claims [(study, asked for, answered)] gave a study while one of its class was free whose probability is
    higher by more than AHEAD: one that was asked for after this answer. `studies`: {id: (class, probability)}."""
    found = 0
    for pk, _, answered in claims:
        priority, p = studies[pk]
        later = (studies[other] for other, asked, _ in claims if asked > answered)
        found += any(other == priority and higher > p + AHEAD for other, higher in later)
    return found


def held_by_two():
    """The studies of which a claim began before the one before it had ended, by their histories."""
    ends = {Event.Kind.SIGN, Event.Kind.RELEASE, Event.Kind.CLAIM_EXPIRED}
    held, found = set(), []
    for study, kind in Event.objects.exclude(study=None).order_by("pk").values_list("study_id", "kind"):
        if kind == Event.Kind.CLAIM:
            found += [study] if study in held else []
            held.add(study)
        elif kind in ends:
            held.discard(study)
    return found


def held_until_expired():
    """[seconds from the claim to its expiry] of the claims that ran out."""
    lasted = []
    for ended in Event.objects.filter(kind=Event.Kind.CLAIM_EXPIRED):
        mine = {"kind": Event.Kind.CLAIM, "study": ended.study_id, "actor": ended.detail["reader"]}
        lasted.append((ended.at - Event.objects.filter(**mine, pk__lt=ended.pk).last().at).total_seconds())
    return lasted


def drained(address, readers, count):
    """`readers` sessions claim and sign `count` studies: each is claimed once, nobody starves, the likelier first.

    Figures {name: number}; seconds are those of a claim. Raises AssertionError.
    """
    site, said = factories.site(), []
    studies = {
        str(each.pk): (each.priority, each.probability) for each in scored(site, factories.active_model(), count)
    }
    people, began = visitors(address, site, readers, said), time.monotonic()
    by_reader = at_once(drain, people)
    took, claims = time.monotonic() - began, [claim for mine in by_reader for claim in mine]
    times = [answered - asked for _, asked, answered in claims]
    shares, wrong = [len(mine) for mine in by_reader], inverted(claims, studies)
    statuses = Counter((each.what, each.status) for each in said)
    assert set(statuses) == {("claim", 200), ("claim", 204), ("sign", 201)}, statuses
    assert Counter(pk for pk, _, _ in claims) == dict.fromkeys(studies, 1)
    assert Event.objects.filter(kind=Event.Kind.CLAIM).count() == count
    assert Study.objects.filter(status=Study.Status.READ).count() == count
    assert min(shares) >= count / readers / 4, shares
    assert wrong <= INVERTED * count
    p50, p95 = (figures.percentile(times, share) for share in (50, 95))
    return {"took": took, "p50_s": p50, "p95_s": p95, "fewest": min(shares), "most": max(shares), "inverted": wrong}

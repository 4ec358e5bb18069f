"""Whether an installation that runs for long stays as it is: the goals of a soak, judged from its samples.

A sample is {"at": s since the start, "memory": {process: MB}, "descriptors": {process: n}, "alike": {process: n},
"connections": n, "redis": MB, "queues": {name: length}}; an answer is (what, at, s). Processes that are alike have one
name and the mean of their figures, and "alike" says how many there are: of them, too, each one is to stay as it is.
"""

import statistics

from tests.load import figures

# Of a process of two or three megabytes a tenth is nothing: it may take SMALL_MB more.
SMALL_MB = 1
SLOPE_MB, GREW, DESCRIPTORS, CONNECTIONS, REDIS, DRIFT = 0.5, 1.10, 5, 0, 0.10, 0.20
MEASURED = ("upload", "claim")
# Of half an hour "at five minutes" is its sixth; a value then is the median of the samples of a thirtieth.
EARLY, SPAN = 1 / 6, 1 / 30


def judge(samples: list[dict], answers: list[tuple]) -> dict:
    """{"processes": {name: figures}, "connections", "redis", "queues", "p95": figures, "goals": {goal: it holds}}."""
    ends = samples[-1]["at"]
    processes = {name: _process(samples, name, ends) for name in _throughout(samples)}
    found = {
        "minutes": ends / 60,
        "processes": processes,
        "gone": sorted({name for sample in samples for name in sample["memory"]} - set(processes)),
        "connections": _course([(each["at"], each["connections"]) for each in samples], ends),
        "redis": _course([(each["at"], each["redis"]) for each in samples], ends),
        "queues": {name: max(each["queues"][name] for each in samples) for name in samples[0]["queues"]},
        "p95": {what: _drift([(at, s) for kind, at, s in answers if kind == what], ends) for what in MEASURED},
    }
    return found | {"goals": _goals(found)}


def _throughout(samples):
    """The processes that lived from the sample at the sixth on to the end."""
    ends = samples[-1]["at"]
    late = [set(each["memory"]) for each in samples if each["at"] >= EARLY * ends]
    return sorted(set.intersection(*late))


def _process(samples, name, ends):
    here = [each for each in samples if name in each["memory"]]
    memory = [(each["at"], each["memory"][name]) for each in here]
    later = [pair for pair in memory if pair[0] >= ends / 3]
    descriptors = _course([(each["at"], each["descriptors"][name]) for each in here], ends)
    return {
        "slope": figures.slope([at / 60 for at, _ in later], [value for _, value in later]),
        "memory": _course(memory, ends),
        "descriptors": descriptors,
        "most": max(each["alike"][name] for each in here),
    }


def _course(pairs, ends):
    """[at the sixth, at the end, the highest]."""
    span = SPAN * ends
    early = [value for at, value in pairs if EARLY * ends <= at <= EARLY * ends + span]
    last = [value for at, value in pairs if at >= ends - span]
    return [statistics.median(early or [pairs[0][1]]), statistics.median(last), max(value for _, value in pairs)]


def _drift(pairs, ends):
    """[p95 of each third in s]; None where nothing was answered."""
    return [figures.percentile(values, 95) if values else None for values in figures.thirds(pairs, ends)]


def _goals(found):
    goals = {}
    for name, each in found["processes"].items():
        (early, last, _), (files, open_now, _) = each["memory"], each["descriptors"]
        goals[f"{name}: memory rises by at most {SLOPE_MB} MB a minute"] = each["slope"] <= SLOPE_MB
        allowed = max(GREW * early, early + SMALL_MB)
        goals[f"{name}: memory at the end at most {GREW} x that of the sixth"] = last <= allowed
        goals[f"{name}: descriptors +-{DESCRIPTORS}"] = abs(open_now - files) <= DESCRIPTORS
    early, last, _ = found["connections"]
    goals["connections do not rise"] = last - early <= CONNECTIONS
    early, last, _ = found["redis"]
    goals[f"Redis' memory +-{REDIS:.0%}"] = abs(last - early) <= REDIS * early
    for what, (first, _, last) in found["p95"].items():
        goals[f"p95 of {what} drifts by at most {DRIFT:.0%}"] = None not in (first, last) and last <= (
            (1 + DRIFT) * first
        )
    return goals


def missed_slopes(found: dict) -> list[str]:
    """The processes whose memory rises faster than the goal."""
    return [name for name, each in found["processes"].items() if each["slope"] > SLOPE_MB]


def said(found: dict) -> str:
    """The figures as a table for people."""
    heads = {"MB a minute": 12, "MB at 1/6": 11, "at the end": 12, "highest": 9, "descriptors": 18, "alike": 7}
    lines = [f"{'process':<28}" + "".join(f"{head:>{wide}}" for head, wide in heads.items())]
    for name, each in found["processes"].items():
        early, last, highest = each["memory"]
        files, open_now, most = each["descriptors"]
        lines.append(
            f"{name:<28}{each['slope']:>12.3f}{early:>11.1f}{last:>12.1f}{highest:>9.1f}"
            f"{f'{files:.0f}, {open_now:.0f}, {most:.0f}':>18}{each['most']:>7}"
        )
    for what in ("connections", "redis"):
        early, last, highest = found[what]
        lines.append(f"{what:<28}at 1/6 {early:.2f}, at the end {last:.2f}, highest {highest:.2f}")
    lines.append("longest queues              " + ", ".join(f"{name} {n}" for name, n in found["queues"].items()))
    for what, thirds in found["p95"].items():
        parts = ", ".join("none" if each is None else f"{1000 * each:.0f} ms" for each in thirds)
        lines.append(f"{f'p95 of {what} by thirds':<28}{parts}")
    lines.append("processes that ended or came later: " + (", ".join(found["gone"]) or "none"))
    missed = [goal for goal, holds in found["goals"].items() if not holds]
    lines.append(f"goals that hold: {len(found['goals']) - len(missed)} of {len(found['goals'])}")
    return "\n".join([*lines, *(f"  missed: {goal}" for goal in missed)])

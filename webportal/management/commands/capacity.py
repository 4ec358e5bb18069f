"""`manage.py capacity`: how many workers, GPUs and readers a department needs, and what binds first."""

from django.core.management.base import BaseCommand, CommandError

from screening import capacity
from screening.capacity import Department, Impossible
from screening.models import Priority


class Command(BaseCommand):
    help = "Reckon how many workers, GPUs and readers so many films a day need, in their busiest hour."

    def add_arguments(self, parser):
        add = parser.add_argument
        add("--films-a-day", type=float, required=True, metavar="N")
        add("--peak-share", type=float, default=0.10, metavar="F", help="of a day's films in its busiest hour: 0.10")
        add("--target-wait", type=float, default=60, metavar="S", help="seconds to a first score, for 95 of 100: 60")
        add("--read-wait", type=float, nargs=3, default=capacity.READ_WAIT_MIN, metavar=("STAT", "URGENT", "ROUTINE"),
            help="mean minutes until a reader begins, by class: 15 60 240")  # fmt: skip
        add("--stat-share", type=float, default=capacity.SHARES[0], metavar="F")
        add("--urgent-share", type=float, default=capacity.SHARES[1], metavar="F")
        add("--worker-ms", type=float, default=1000 * capacity.WORKER_FILM_S, help="a film in a screening worker")
        add("--gpu-ms", type=float, help="a film on your GPU, as `make bench` measures it there")
        add("--door-ms", type=float, default=1000 * capacity.DOOR_FILM_S, help="a film at the door: decode, store")
        add("--read-minutes", type=float, default=capacity.READ_MINUTES, help="a reader's mean time on a film")
        add("--at-once", type=int, default=5_000, metavar="N", help="the largest upload, in films: 5000")

    def handle(self, **asked):
        department = _department(asked)
        try:
            found = capacity.needs(department)
        except Impossible as error:
            raise CommandError(str(error)) from None
        self.stdout.write("\n".join(report(department, found, asked["at_once"])))


def _department(asked):
    """The Department that is asked for; raises CommandError with a sentence."""
    routine = 1 - asked["stat_share"] - asked["urgent_share"]
    shares = asked["stat_share"], asked["urgent_share"], routine
    counts = ("films_a_day", "target_wait", "worker_ms", "door_ms", "read_minutes", "at_once")
    for name in counts:
        if not 0 < asked[name] < 1e9:
            raise CommandError(f"--{name.replace('_', '-')} needs a number above 0.")
    if asked["gpu_ms"] is not None and not 0 < asked["gpu_ms"] < 1e9:
        raise CommandError("--gpu-ms needs a number above 0; leave it out where nobody has measured it.")
    if not 0 < asked["peak_share"] <= 1:
        raise CommandError("--peak-share needs a share above 0 and up to 1, such as 0.10.")
    if not all(0 <= share <= 1 for share in shares):
        raise CommandError("--stat-share and --urgent-share need shares from 0 to 1 that leave the rest to routine.")
    if not all(0 < minutes < 1e9 for minutes in asked["read_wait"]):
        raise CommandError("--read-wait needs three numbers of minutes above 0: stat, urgent, routine.")
    return Department(
        films_a_day=asked["films_a_day"],
        peak_share=asked["peak_share"],
        shares=shares,
        score_wait_s=asked["target_wait"],
        read_wait_min=tuple(asked["read_wait"]),
        worker_film_s=asked["worker_ms"] / 1000,
        gpu_film_s=asked["gpu_ms"] and asked["gpu_ms"] / 1000,
        door_film_s=asked["door_ms"] / 1000,
        read_minutes=asked["read_minutes"],
    )


def report(department, found, at_once):
    """Lines to print: the table, what binds first, what is assumed."""
    hour = 3600 * department.rate
    first = min(found, key=lambda need: need.until)
    yield f"{department.films_a_day:,.0f} films a day, {hour:,.0f} of them in the busiest hour"
    yield ""
    yield f"{'':18}{'how many':>9}{'busy':>8}{'enough until':>26}   wait in that hour"
    for need in found:
        until = f"{need.until:,.0f} films a day"
        yield f"{need.name:18}{need.station.servers:>9,}{need.station.load:>8.1%}{until:>26}   {_waits(need)}"
    if department.gpu_film_s is None:
        yield f"{'GPUs':18}{'-':>9}{'':34}   nobody has measured one: give --gpu-ms, as `make bench` says it on yours"
    yield ""
    yield f"What binds first as films grow: {first.name}, beyond {first.until:,.0f} films a day."
    yield from _of_an_upload(found, at_once)
    yield ""
    yield from _assumed(department)


def _waits(need):
    if len(need.waits) == 1:
        return f"95 of 100 films through within {need.waits[0]:.1f} s"
    said = [f"{priority.code} {seconds / 60:.1f}" for priority, seconds in zip(Priority, need.waits, strict=True)]
    return f"mean minutes until the read begins: {', '.join(said)}"


def _of_an_upload(found, at_once):
    """A large upload is no stream of films: it takes what its films take the slower station, whatever the line."""
    door, workers = found[0].station, found[1].station
    minutes = at_once / 60 * max(door.service_s / door.servers, workers.service_s / workers.servers)
    yield f"{at_once:,} films sent at once are scored after {minutes:.1f} minutes; what is more urgent goes before."


def _assumed(department):
    shares = zip(Priority, department.shares, strict=True)
    classes = ", ".join(f"{priority.code} {share:.0%}" for priority, share in shares)
    door, worker = 1000 * department.door_film_s, 1000 * department.worker_film_s
    minutes, cv = department.read_minutes, department.read_cv
    return (
        "Assumed:",
        f"- films come one by one and at random (Poisson), evenly over the busiest hour; classes: {classes}",
        f"- a film takes {door:g} ms at the door and {worker:g} ms in a screening worker; unless given, these were",
        "  measured on two busy processor cores: measure yours with `make bench`",
        f"- two batches of {capacity.BATCH} may be on their way before a film; each worker has its cores to itself",
        f"- a read takes {minutes:g} minutes on average, with a coefficient of variation of {cv}",
        "- Erlang's C for the line, Cobham's formula for the classes, nobody is interrupted; for times that are not",
        "  exponential the waits are scaled by (1 + cv^2) / 2, an approximation where there are several servers",
        "- the busiest hour lasts until the line has settled, so that waits are rather too long than too short",
        "- nobody is ill, nothing breaks: a line that is nearly full forgives nothing, so plan for less than 90 % busy",
    )

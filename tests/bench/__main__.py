"""How fast intake takes films, against the bare loop on the same films in the same run; and whether its memory is flat.

    python -m tests.bench                  # 400 drawn films of 800 to 1280 px
    python -m tests.bench --data DIR       # the first films below DIR

The three take the films in turns, a share at a time, so that a machine that is busy with something else is as busy for
each of them. Figures are ratios: the films a second through the door, by those of the loop.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import tempfile
from pathlib import Path

from tests.bench import bare, drawn, installation, senders

GOAL = 0.6
CHILDREN = min(8, os.cpu_count() or 1)  # as many as an intake has (`screening.sandbox`)
FEW, MANY = 500, 5_000  # memory is looked at after so many files
OTHERS = 10**6  # where the numbers of those films begin, away from those that are timed
SMALL = (160,)  # memory depends on how many, so these are as quick as films can be


def main():
    asked = _arguments().parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fr-b-", dir="/tmp"))
    try:
        with installation.running(folder) as running, bare.Loop(folder / "bare", CHILDREN) as loop:
            films = drawn.from_folder(asked.data, asked.n) if asked.data else drawn.drawn(asked.n)
            portal = senders.Portal(running.address, running.token, running.database)
            found = _speed(portal, loop, films, asked.rounds)
            if asked.memory:
                found["megabytes"] = _memory(portal, running, asked.memory)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(_words(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", help="real films instead of drawn ones")
    parser.add_argument("-n", type=int, default=400, metavar="N", help="how many films")
    parser.add_argument("--rounds", type=int, default=4, help="in how many shares they are taken")
    parser.add_argument("--memory", type=int, default=MANY, metavar="N", help="files to look at memory after; 0: none")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    return parser


def _speed(portal, loop, films, rounds):
    """Films a second of each way, and the ratios to the loop, over all rounds and a round."""
    names = random.Random(0).sample(list(films), len(films))  # each share is a mixture
    warm = {name: films[name] for name in names[: 8 * CHILDREN]}  # every process has started its children then
    ways = {
        "loop": loop.seconds,
        "page": lambda share: senders.by_page(portal, "page", share),
        "zip": lambda share: senders.by_zip(portal, "zip", share),
    }
    loop.seconds(warm)
    senders.by_page(portal, "page2", warm)
    senders.by_zip(portal, "zip2", warm)
    took = {way: [] for way in ways}
    for number in range(rounds):
        share = {name: films[name] for name in names[number::rounds]}
        for way, seconds in ways.items():
            took[way].append(seconds(share))
    speed = {way: len(films) / sum(seconds) for way, seconds in took.items()}
    ratios = {way: [base / each for base, each in zip(took["loop"], took[way], strict=True)] for way in ("page", "zip")}
    return {
        "films": len(films),
        "megabytes_a_film": sum(map(len, films.values())) / len(films) / 1e6,
        "films_a_second": speed,
        "ratio": {way: speed[way] / speed["loop"] for way in ratios},
        "ratio_of_the_rounds": {way: [min(each), statistics.median(each), max(each)] for way, each in ratios.items()},
    }


def _memory(portal, running, many):
    """{way: {files: {program: MB of its largest process}}}, each way with files of its own."""
    films = drawn.drawn(many, SMALL, first=OTHERS)
    names, found = list(films), {}
    for way, site, send in (("page", "page2", senders.by_page), ("zip", "zip2", senders.by_zip)):
        few = {name: films[name] for name in names[:FEW]}
        send(portal, site, few)
        found[way] = {len(few): running.megabytes()}
        send(portal, site, {name: films[name] for name in names[FEW:]})
        found[way][many] = running.megabytes()
    return found


def _words(found):
    lines = [f"{found['films']} films of {found['megabytes_a_film']:.2f} MB on average"]
    lines.append(f"  loop   {found['films_a_second']['loop']:7.1f} films a second in {CHILDREN} processes")
    for way, ratio in found["ratio"].items():
        low, middle, high = found["ratio_of_the_rounds"][way]
        goal = "reached" if ratio >= GOAL else "missed"
        lines.append(
            f"  {way:<6} {found['films_a_second'][way]:7.1f} films a second: {ratio:.2f} of the loop"
            f" (rounds {low:.2f} to {high:.2f}, median {middle:.2f}); goal {GOAL} {goal}"
        )
    for way, figures in found.get("megabytes", {}).items():
        for files, programs in figures.items():
            said = ", ".join(f"{name} {held:.0f} MB" for name, held in programs.items())
            lines.append(f"  {way:<6} after {files:>5} files: {said}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

"""How fast films are screened, held in one run against the ideal loop, a Flask page and a naive Celery task.

    manage.py benchmark                      # drawn films
    manage.py benchmark --data DIR -n 240    # the first films below DIR

Real PostgreSQL with every fsync, real Redis, the portal and the workers as processes of their own, in a folder that is
removed afterwards. Whatever is compared takes turns, round after round, so that a machine that is busy with something
else is as busy for each; figures to quote are the ratios.
"""

import argparse
import json
from pathlib import Path

from tests.bench import drawn
from tests.bench.screening import words
from tests.installation import by_itself


def main():
    asked = _arguments().parse_args()
    with by_itself() as installation:
        installation.manage("prepare")
        films = drawn.from_folder(asked.data, asked.n) if asked.data else drawn.drawn(asked.n)
        if len(films) < asked.rounds:
            raise SystemExit(f"There are {len(films)} films there: it takes one a round at least.")
        from tests.bench.screening import measure  # with Django's models, which want their settings first

        found = measure.everything(installation, films, asked.rounds)
        installation.end_programs()
    print(words.said(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


def _arguments():
    parser = argparse.ArgumentParser(prog="manage.py benchmark", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR", help="real films instead of drawn ones")
    parser.add_argument("-n", type=int, default=240, metavar="N", help="how many films are uploaded")
    parser.add_argument("--rounds", type=int, default=4, help="in how many shares they are taken")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    return parser


if __name__ == "__main__":
    main()

"""python -m ml compare"""

import argparse
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from ml.commands.output import STDOUT, require_folder_of, write, write_text


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="folder of a finished training, card, or name"
    )
    parser.add_argument("--json", type=Path, nargs="?", const=STDOUT, help="write JSON here (standard output)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table here, in Markdown")
    parser.add_argument("--untimed", action="store_true", help="do not load the models to time them")


def run(options: argparse.Namespace) -> None:
    from ml import compare
    from ml.progress import track

    require_folder_of(options.json)
    require_folder_of(options.markdown)
    rows = [compare.row(each, not options.untimed) for each in track("reading")(options.runs)]
    write(options.json, rows)
    if options.markdown:
        write_text(options.markdown, compare.markdown(rows))
    if options.json != STDOUT:
        _print("What they are", rows, compare.WHAT)
        _print("How good, on their validation patients", rows, compare.HOW_GOOD)
        print("95 % intervals in brackets. Rates at each card's shipped operating point; split by patient.")


def _print(title: str, rows: list[dict], columns: dict) -> None:
    from ml import compare

    table = Table(title=title, box=box.SIMPLE_HEAD)
    for name in ("model", *columns.values()):
        table.add_column(name, overflow="fold")  # a narrow terminal breaks words and leaves none out
    for row in rows:
        table.add_row(row["model"], *(cell.replace(" (", "\n(") for cell in compare.cells(row, columns)))
    Console().print(table)

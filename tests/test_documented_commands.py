"""Every command line in the documents is one that its parser takes: an option that goes takes its documents along."""

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from ml import cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]
A_COMMAND = re.compile(r"(python -m ml|manage\.py) ([a-z][^`\n#]*)")


def commands(page):
    """[(program, [arguments])] of a page; lines that a backslash joins are one."""
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    found = [(program, shlex.split(rest)) for program, rest in A_COMMAND.findall(text)]
    return [(program, [_plain(each) for each in rest]) for program, rest in found if _is_whole(program, rest)]


def _plain(argument):
    """Without the signs of a manual: [--json FILE], FILE..., stat|urgent|routine."""
    return argument.strip("[]").removesuffix("...").partition("|")[0]


def _is_whole(program, rest):
    """Not a mention in passing: `manage.py user ...`, or the name of a command alone."""
    return len(rest) > 1 and rest[1] != "..."


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)])
def test_its_commands_are_known(page):
    for program, arguments in commands(page):
        try:
            parse(program, arguments)
        except (SystemExit, CommandError) as problem:
            pytest.fail(f"{page}: {program} {' '.join(arguments)}: {problem}")


def parse(program, arguments):
    if program == "python -m ml":
        cli._parser().parse_args(arguments)
        return
    name, *rest = arguments
    if name not in get_commands():
        raise CommandError("there is no such command")
    load_command_class(get_commands()[name], name).create_parser("manage.py", name).parse_args(rest)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_a_place_still_to_be_filled(page):
    assert "<<" not in (ROOT / page).read_text(encoding="utf-8")

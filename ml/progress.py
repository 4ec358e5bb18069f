"""One look for every bar on the command line."""

from collections.abc import Callable, Iterable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


def bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),  # standard output is for results
    )


def track(label: str) -> Callable[[list], Iterable]:
    """A function that yields a list's items under a bar named `label`."""

    def over(items: list) -> Iterable:
        with bar() as progress:
            yield from progress.track(items, description=label)

    return over

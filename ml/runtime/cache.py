"""Where graphs that took seconds to make are kept: one folder a graph, whole or not there, checked when read.

FIRSTREAD_CACHE names the folder (default ~/.cache/firstread). Where neither can be written, each process has one of
its own in the temporary folder: slower to start, and nobody else's file is ever read.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

log = logging.getLogger(__name__)

FOLDER = "FIRSTREAD_CACHE"
SUMS = "sha256.json"


@cache
def root() -> Path:
    wanted = Path(os.environ.get(FOLDER) or Path("~/.cache/firstread")).expanduser()
    try:
        wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
        tempfile.TemporaryFile(dir=wanted).close()
    except OSError as error:
        mine = Path(tempfile.mkdtemp(prefix="firstread-"))
        log.warning("%s cannot be written (%s): what is cached goes to %s", wanted, error.strerror, mine)
        return mine
    return wanted


def folder(key: str, make: Callable[[Path], None]) -> Path:
    """The folder of `key`, filled by `make(draft)` where it is not there yet, or is damaged.

    Safe where two processes race: each fills a draft of its own, and the first to rename it wins.
    """
    wanted = root() / key
    if _whole(wanted):
        return wanted
    draft = Path(tempfile.mkdtemp(prefix=f"{key}.", dir=root()))
    try:
        make(draft)
        (draft / SUMS).write_text(json.dumps(_sums(draft)))
        return _put(draft, wanted)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put(draft: Path, wanted: Path) -> Path:
    for _ in range(3):
        try:
            return draft.rename(wanted)
        except OSError:  # it is there: another process was faster, or it is the damaged one
            if _whole(wanted):
                return wanted
            log.warning("%s is damaged and is made anew", wanted)
            _remove(wanted)
    raise OSError(f"{wanted} cannot be replaced: remove it.")


def _remove(damaged: Path) -> None:
    aside = Path(tempfile.mkdtemp(prefix="damaged.", dir=damaged.parent))
    try:
        damaged.rename(aside / "old")
    except OSError:  # another process has just removed it
        pass
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _whole(found: Path) -> bool:
    try:
        return json.loads((found / SUMS).read_text()) == _sums(found)
    except (OSError, ValueError):
        return False


def _sums(found: Path) -> dict[str, str]:
    files = sorted(path for path in found.iterdir() if path.name != SUMS)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

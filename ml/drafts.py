"""Files that belong together appear together: written in a draft folder, then moved, the one that names them last."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ml.data import DataError


@contextlib.contextmanager
def folder(out: Path, last: str) -> Iterator[Path]:
    """A draft folder whose files move into `out` at the end, the file named `last` after all others; none on an error.

    Raises DataError where `out` cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=out))
    except OSError as error:
        raise DataError(f"{out} cannot be written ({error.strerror}); give another --out.") from None
    try:
        yield draft
        for path in sorted(draft.iterdir(), key=lambda path: path.name == last):
            path.replace(out / path.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)

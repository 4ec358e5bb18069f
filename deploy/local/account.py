"""As whom PostgreSQL runs: it refuses root, and an embedded service must neither add accounts nor open folders."""

import functools
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import CannotStart


@dataclass(frozen=True)
class Account:
    """`prefix` goes before a command, `options` to Popen, `uid` and `gid` own the data."""

    prefix: tuple[str, ...] = ()
    options: dict = field(default_factory=dict)
    uid: int = field(default_factory=os.geteuid)
    gid: int = field(default_factory=os.getegid)

    def own(self, folder: Path) -> None:
        """Gives `folder` and all within to this account, when another account has it."""
        if folder.stat().st_uid == self.uid:
            return
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def admit(self, folder: Path) -> None:
        """Lets this account write into `folder` as its group; the owner stays."""
        os.chown(folder, -1, self.gid)
        folder.chmod(0o770)


def postgres_account(programs: Path) -> Account:
    """This account; for root a user namespace in which it is somebody else; where that is barred, `nobody`."""
    if os.geteuid() != 0:
        return Account()
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
    if _runs([*namespace, programs / "postgres", "--version"]):
        return Account(prefix=namespace)
    nobody = pwd.getpwnam("nobody")
    options = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    if _runs([programs / "postgres", "--version"], **options):
        return Account(options=options, uid=nobody.pw_uid, gid=nobody.pw_gid)
    raise CannotStart(
        "PostgreSQL does not run as root, user namespaces are barred here, and the account nobody cannot reach "
        f"{programs}. Start FirstRead as an ordinary user, or from a folder that every account may enter."
    )


@functools.cache
def ends_with_parent(stop: signal.Signals) -> tuple[str, ...]:
    """A prefix with which Linux sends `stop` to a server whose supervisor was killed; empty where that is unknown."""
    setpriv = shutil.which("setpriv")
    known = setpriv and _runs([setpriv, "--pdeathsig", stop.name.removeprefix("SIG"), "true"])
    return (setpriv, "--pdeathsig", stop.name.removeprefix("SIG")) if known else ()


def _runs(command: list, **options) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True, cwd="/", **options).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False

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
    """This account; for root, or one without a name, a user namespace in which it is `nobody`; else `nobody` itself."""
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return Account()
    nobody = pwd.getpwnam("nobody")
    # Any name will do: initdb wants one, and sees its own files as the name's whatever it is.
    namespace = ("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}", "--")
    if _runs([*namespace, programs / "postgres", "--version"]):
        return Account(prefix=namespace)
    options = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    if _runs([programs / "postgres", "--version"], **options):
        return Account(options=options, uid=nobody.pw_uid, gid=nobody.pw_gid)
    raise CannotStart(
        "PostgreSQL runs neither as root nor as an account without a name, user namespaces are barred here, and the "
        f"account nobody cannot run {programs / 'postgres'}. Start FirstRead as an ordinary user, or from a folder "
        "that every account may enter."
    )


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


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

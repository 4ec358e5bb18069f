"""A bad setting stops the boot with a sentence that names the variable."""

import os
import subprocess
import sys

import pytest
from django.conf import settings


def boot(**environment):
    command = [sys.executable, "-c", "from webportal import settings"]
    return subprocess.run(command, env={**os.environ, **environment}, cwd=settings.ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FIRSTREAD_LEASE_S", "soon"),
        ("FIRSTREAD_LEASE_S", "0"),
        ("FIRSTREAD_SWEEP_S", "60"),
        ("FIRSTREAD_BATCH_SIZE", "1000"),
        ("FIRSTREAD_PORT", "80000"),
        ("FIRSTREAD_DEBUG", "perhaps"),
        ("FIRSTREAD_SECRET_KEY", "short"),
        ("FIRSTREAD_REDIS_URL", "amqp://localhost"),
        ("FIRSTREAD_BROKER_URL", "rediscluster://localhost"),
        ("FIRSTREAD_FLOWER_URL", "flower"),
        ("FIRSTREAD_RUNTIME", "no.such.module"),
        ("DATABASE_URL", "sqlite:///firstread.db"),
        ("DATABASE_URL", "foo"),
        ("DATABASE_URL", "postgres://host:port/name"),
    ],
)
def test_a_value_that_does_not_fit_stops_the_boot_with_a_sentence(variable, value):
    ended = boot(**{variable: value})
    assert ended.returncode == 1
    assert variable in ended.stderr
    assert "does not fit" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_secret_key_is_drawn_once_and_kept_from_others(tmp_path):
    environment = {"FIRSTREAD_VAR": str(tmp_path / "var")}
    assert boot(**environment).returncode == 0
    kept = tmp_path / "var" / "secret_key"
    first = kept.read_text()
    assert boot(**environment).returncode == 0
    assert kept.read_text() == first
    assert len(first) >= 32
    assert kept.stat().st_mode & 0o077 == 0

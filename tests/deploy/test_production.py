"""The files for real servers. No Docker engine is asked: they are validated, not run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy.conftest import ROOT

BIN = Path(sys.executable).parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]


def test_the_compose_file_follows_its_schema():
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_passes_hadolint():
    hadolint = shutil.which("hadolint", path=BIN)
    if not hadolint:
        pytest.skip("hadolint has a wheel for Linux on x86_64 alone")
    done = subprocess.run([hadolint, ROOT / "deploy" / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_depends_on_is_a_service(name):
    assert set(SERVICES[name].get("depends_on", {})) <= set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_uses_volumes_and_networks_that_exist(name):
    named = {volume.split(":")[0] for volume in SERVICES[name].get("volumes", []) if volume[0] not in "./"}
    assert named <= set(COMPOSE["volumes"])
    assert set(SERVICES[name]["networks"]) <= set(COMPOSE["networks"])


def test_only_nginx_can_be_reached_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert [name for name, service in SERVICES.items() if "outside" in service["networks"]] == ["nginx"]


def test_every_process_of_the_development_start_has_a_service_for_production():
    from deploy.local.commands import plan

    kept = set(plan(ROOT, ROOT / "var", 8000, 5555).commands)
    renamed = {"screening": "worker"}
    assert {renamed.get(name, name) for name in kept} <= set(SERVICES)


def test_every_process_reads_the_other_settings_from_the_same_file():
    ours = {name: service for name, service in SERVICES.items() if "firstread" in service["image"]}
    assert len(ours) >= 7
    assert all(service["env_file"] == [{"path": ".env", "required": False}] for service in ours.values())


def test_no_value_of_a_secret_stands_in_a_file():
    given = [pair for service in SERVICES.values() for pair in service.get("environment", {}).items()]
    secret = [value for name, value in given if re.search("PASSWORD|SECRET|KEY", name)]
    assert len(secret) > 3
    assert all(re.fullmatch(r"\$\{\w+(:\?[\w .]+)?\}", value) for value in secret)
    example = (ROOT / "deploy" / "env.example").read_text()
    assert re.findall(r"^\w*(?:PASSWORD|KEY)=(.+)$", example, re.MULTILINE) == []


def test_the_image_ends_as_an_ordinary_user_in_every_target():
    stages = re.split(r"^FROM ", (ROOT / "deploy" / "Dockerfile").read_text(), flags=re.MULTILINE)
    targets = [stage for stage in stages if re.search(r" AS (cpu|gpu)$", stage.splitlines()[0])]
    assert len(targets) == 2
    assert all(re.findall(r"^USER (\w+)", stage, re.MULTILINE)[-1] == "10001" for stage in targets)


def test_flower_stands_behind_the_portals_check_for_administrators():
    conf = (ROOT / "deploy" / "nginx" / "firstread.conf").read_text()
    flower = re.search(r"location /flower/ \{(.*?)\}", conf, re.DOTALL).group(1)
    assert "auth_request /operations/flower-auth;" in flower


def test_no_file_names_a_package_registry():
    for lock in ROOT.glob("requirements*.txt"):
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock.read_text()), lock.name


def test_every_locked_package_has_a_hash():
    for lock in ROOT.glob("requirements*.txt"):
        packages = re.findall(r"^[a-z0-9][\w.\[\]-]*==(?:.*\\\n)+(?: +--hash=\S+)", lock.read_text(), re.MULTILINE)
        assert len(packages) == len(re.findall(r"^[a-z0-9][\w.\[\]-]*==", lock.read_text(), re.MULTILINE)), lock.name

"""What `manage.py up` starts."""

from deploy.local.commands import plan
from tests.deploy.conftest import ROOT


def commands(*watched):
    return plan(ROOT, ROOT / "var", 8000, 5555, *watched).commands


def test_no_folder_is_watched_unless_one_is_named():
    assert "watch" not in commands()
    assert "watch" not in commands("")


def test_a_folder_that_is_named_is_watched_whatever_its_name_holds():
    assert "manage.py watch '/srv/films; of the ward'" in commands("/srv/films; of the ward")["watch"][-1]

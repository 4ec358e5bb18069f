"""`manage.py model ...`: every act with its sentence, and its refusals."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from screening.models import Event, ModelVersion, Screening


def run(*arguments):
    out = StringIO()
    call_command("model", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def paths(factories, tmp_path, db):
    """Cards of stub 1 and stub 2, each in a folder of its own."""
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
    return [factories.served_model(tmp_path / version, version) for version in ("1", "2")]


@pytest.fixture
def added(paths):
    for path in paths:
        run("add", path)
    run("promote", "stub 1")
    return ModelVersion.objects.get(version="1"), ModelVersion.objects.get(version="2")


def test_add_says_what_to_do_next_and_a_second_time_that_it_is_known(paths):
    assert "Added: stub 1" in run("add", paths[0])
    assert "Known already" in run("add", paths[0])


def test_the_list_names_every_version_with_its_state(added):
    run("shadow", "stub 2")
    first, second = run("list").splitlines()
    assert "stub 1  active  1 to 5 years" in first and "stub 2  shadow" in second


def test_promote_and_rollback(added):
    assert "Active: stub 2" in run("promote", "stub 2")
    assert "Active again: stub 1" in run("rollback")
    assert Event.objects.filter(actor=None, kind__startswith="model").count() == 5


def test_shadow_on_and_off(added):
    assert "In shadow: stub 2" in run("shadow", "stub 2")
    assert "Out of shadow: stub 2" in run("shadow", "stub 2", "--off")


def test_rescreen_by_site_status_and_day(added, factories, home, away):
    for site in (home, away):
        factories.study(site)
    Screening.objects.all().delete()
    assert "Nothing is left" in run("rescreen", "stub 1", "--status", "read")
    assert "Nothing is left" in run("rescreen", "stub 1", "--since", "2999-01-01")
    assert "1 films are in the queue" in run("rescreen", "stub 1", "--site", "home")
    assert "1 films are in the queue" in run("rescreen", "stub 1", "--status", "all")


def test_preview_and_changed(added, factories, home):
    old, new = added
    run("shadow", "stub 2")
    study = factories.screened(factories.screened(factories.study(home), 0.1, by=old), 0.9, by=new)
    assert "With stub 2, 1 waiting study moves up" in run("preview", "stub 2")
    said = run("changed", "stub 1", "stub 2")
    assert f"{study.pk}  less_likely -> likely  not read" in said and "1 study has another band." in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("promote", "stub"), "give the beginning of a card's hash"),
        (("promote", "nothing"), "There is no model nothing here"),
        (("rollback",), "nothing to roll back to"),
        (("shadow", "stub 1"), "promote another first"),
        (("rescreen", "stub 2"), "neither active nor in shadow"),
        (("rescreen", "stub 1", "--site", "nowhere"), "no site nowhere"),
        (("rescreen", "stub 1", "--since", "May"), "write 2026-05-31"),
        (("add", "/nowhere/card.json"), "no model card at /nowhere/card.json"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(added, arguments, said):
    with pytest.raises(CommandError, match=said):
        run(*arguments)

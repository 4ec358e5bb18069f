"""Who may handle a batch, and a picture's view."""

import pytest

from screening import permissions
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(home, away):
    """{name: user}; the sender is a radiologist, who may send but is no technologist."""
    return {
        "sender": factories.radiologist(home),
        "technologist": factories.technologist(home),
        "radiologist": factories.radiologist(home),
        "lead": factories.person("clinical_lead", home),
        "administrator": factories.administrator(home),
        "elsewhere": factories.technologist(away),
    }


def who(people, rule, thing):
    return {name for name, user in people.items() if rule(user, thing)}


def test_the_sender_and_the_technologists_of_its_site_handle_a_batch(home, people):
    batch = factories.batch(home, by=people["sender"])
    handlers = {"sender", "technologist"}
    assert who(people, permissions.may_handle_batch, batch) == handlers
    assert who(people, permissions.may_cancel_batch, batch) == handlers
    assert who(people, permissions.may_retry_batch, batch) == handlers


@pytest.mark.parametrize(
    ("state", "cancel", "retry"),
    [
        ("open", True, True), ("confirming", True, True), ("cancelled", False, True), ("trial", False, False),
        ("discarded", False, False),
    ],
)  # fmt: skip
def test_a_batch_is_cancelled_and_tried_again_only_in_some_states(home, people, state, cancel, retry):
    batch = factories.batch(home, state=state)
    assert permissions.may_cancel_batch(people["technologist"], batch) == cancel
    assert permissions.may_retry_batch(people["technologist"], batch) == retry


def test_a_dry_run_is_confirmed_by_whoever_began_it_alone(home, people):
    batch = factories.batch(home, by=people["sender"], state="trial")
    assert who(people, permissions.may_confirm, batch) == {"sender"}
    batch.state = "open"
    assert who(people, permissions.may_confirm, batch) == set()


def test_a_sender_who_has_left_the_site_handles_its_batch_no_more(home, people):
    batch = factories.batch(home, by=people["sender"])
    people["sender"].sites.clear()
    assert "sender" not in who(people, permissions.may_handle_batch, batch)


def test_technologists_and_radiologists_of_the_site_correct_a_view_until_the_study_is_read(home, model, people):
    study = factories.study(home)
    assert who(people, permissions.may_correct_view, study) == {"sender", "technologist", "radiologist"}
    factories.claimed(study, people["radiologist"])
    study.refresh_from_db()
    assert permissions.may_correct_view(people["technologist"], study)
    study.status = "read"
    assert who(people, permissions.may_correct_view, study) == set()

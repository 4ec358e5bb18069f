"""WCAG 2.2 AA as axe-core checks it: every page, dark and wide, light and narrow."""

import pytest

from screening import notices
from screening.models import Priority, Role
from tests.intake.conftest import media  # noqa: F401
from workers import dispatch, notifying

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long enough password"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
LOOKS = [("dark", 1440, 900), ("light", 390, 844)]


@pytest.fixture
def house(factories, media, monkeypatch):  # noqa: F811
    """A site with a study in every state, and one person who may do everything; (page addresses, the person)."""
    monkeypatch.setattr(dispatch, "ring", lambda ids: None)
    model, site = factories.active_model(), factories.site("ward", webhook_url="http://127.0.0.1:9/")
    person = factories.person(list(Role), site, password=PASSWORD)
    other = factories.radiologist(site)
    about = {"patient_name": "Doe^Jane", "patient_id": "P-1", "accession": "A-1", "age_years": 3.0, "sex": "F"}
    likely = factories.screened(factories.study(site, priority=Priority.STAT, images=2, **about), 0.93)
    notices.gather()
    waiting = [factories.screened(factories.study(site, **about), p) for p in (0.5, 0.1)]
    waiting.append(factories.failed(factories.study(site, **about)))
    factories.study(site)
    reading = factories.claimed(factories.screened(factories.study(site, **about), 0.8), person)
    taken = factories.claimed(factories.screened(factories.study(site, **about), 0.8), other)
    read = factories.read(factories.screened(factories.study(site, **about), 0.9), other, "absent", "Clear.")
    batch = factories.batch(site, by=person)
    site.webhook_key = notifying.draw_key()
    site.save()
    studies = [likely, waiting[-1], reading, taken, read]
    addresses = ["/worklist/", "/worklist/?mine=1", "/studies/", *(f"/studies/{study.pk}/" for study in studies)]
    addresses += ["/upload/", f"/batches/{batch.pk}/", "/notices/", "/password/", "/operations/"]
    addresses += ["/models/", f"/models/{model.pk}/", "/users/", f"/users/{person.pk}/", "/users/new"]
    addresses += ["/second-reads/", "/second-reads/agreement", "/results/", "/turnaround/", "/simulation/"]
    addresses += ["/sites/", f"/sites/{site.pk}/", f"/sites/{site.pk}/webhook"]
    return addresses, person


def faults(page):
    """What axe finds on the page as it is: [rule, its help, the first elements]."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, options=RULES).response["violations"]
    return [(each["id"], each["help"], [node["html"][:120] for node in each["nodes"][:3]]) for each in found]


def looked_at(page, address):
    page.goto(address)
    page.wait_for_load_state("networkidle")
    met = []
    for theme, width, height in LOOKS:
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        page.set_viewport_size({"width": width, "height": height})
        met += [(address, theme, *each) for each in faults(page)]
    return met


def test_no_page_has_a_fault_that_axe_knows(open_page, log_in, house):
    addresses, person = house
    page = open_page(reduced_motion="reduce")  # colours that are on their way have another contrast
    page.goto("/login/")
    met = [("login", *each) for each in faults(page)]
    log_in(page, person, PASSWORD)
    for address in addresses:
        met += looked_at(page, address)
    assert met == []


def test_a_planted_fault_is_found(open_page):
    page = open_page()
    page.goto("/login/")
    page.evaluate("document.querySelectorAll('label').forEach((label) => label.remove())")
    assert "label" in [rule for rule, *_ in faults(page)]

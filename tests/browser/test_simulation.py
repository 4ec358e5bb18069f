"""The simulation's sliders in a real browser."""

import pytest

from webportal.views import simulation

pytestmark = pytest.mark.browser


def test_a_slider_that_is_moved_by_key_simulates_again_and_a_busy_server_says_so(factories, open_page, log_in):
    lead = factories.person("clinical_lead", factories.site("home"), password="a long password")
    page = log_in(open_page(tolerate="429"), lead, "a long password")
    page.goto("/simulation/?days=5&seeds=2")
    goals = page.get_by_role("heading", name="Goals of the order by due time")
    goals.wait_for()
    page.get_by_role("slider", name="Readers at once").press("ArrowRight")
    page.wait_for_url("**readers=2**")
    assert page.get_by_role("spinbutton", name="Readers at once").input_value() == "2"
    page.get_by_text("43.8 % of the readers' time").wait_for()
    with simulation._turn:
        page.get_by_role("slider", name="Readers at once").press("ArrowRight")
        page.get_by_text(simulation.BUSY).wait_for()
    assert not goals.is_visible()
    page.get_by_role("button", name="Simulate").click()
    goals.wait_for()
    page.reload()
    assert page.get_by_role("slider", name="Readers at once").input_value() == "3"

"""What holds for every page: the sentence, the model, no inline code, the head's rules, errors with a next step."""

import re

import pytest
from django.template.loader import render_to_string

from screening import wording

PAGES = ["/worklist/", "/studies/", "/password/", "/turnaround/", "study", "model"]
PAGES += ["/second-reads/", "/second-reads/agreement"]


@pytest.fixture
def client(as_person, reader):
    return as_person(reader)


@pytest.fixture
def study(factories, home, model):
    return factories.screened(factories.study(home), 0.9)


def address(page, study):
    return {"study": f"/studies/{study.pk}/", "model": f"/models/{study.model_version_id}/"}.get(page, page)


@pytest.mark.parametrize("page", PAGES)
def test_it_carries_the_sentence_the_limits_of_the_order_and_the_model(client, study, model, page):
    text = client.get(address(page, study)).content.decode()
    for part in (wording.RESEARCH_USE, wording.ORDER_LIMITS, str(model)):
        assert part in text


@pytest.mark.parametrize("page", PAGES)
def test_it_needs_no_inline_code_or_style(client, study, page):
    answer = client.get(address(page, study))
    text = answer.content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|<style", text)
    assert "unsafe" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize("page", PAGES)
def test_it_never_calls_a_film_normal(client, study, page):
    assert not re.search(r"\bnormal\b|no pneumonia", client.get(address(page, study)).content.decode(), re.IGNORECASE)


def test_the_login_page_carries_the_sentence_too(client):
    client.logout()
    assert wording.RESEARCH_USE in client.get("/login/").content.decode()


@pytest.mark.parametrize("code", ["400", "403", "404", "500", "503", "403_csrf"])
def test_an_error_page_needs_nothing_and_says_what_to_do_next(code):
    text = render_to_string(f"{code}.html")
    assert wording.RESEARCH_USE in text
    assert "To the first page" in text


def test_the_menu_shows_what_the_role_may(factories, as_person, home):
    text = as_person(factories.technologist(home)).get("/studies/").content.decode()
    assert 'href="/studies/"' in text
    assert 'href="/worklist/"' not in text

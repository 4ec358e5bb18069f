"""The API describes itself, and shows it without the internet."""

import re

from django.core.management import call_command


def test_the_description_is_valid_and_written_without_a_warning(tmp_path, db):
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "schema.yml"))
    text = (tmp_path / "schema.yml").read_text()
    assert "/api/v1/studies/{id}/sign" in text or "/api/v1/studies/{pk}/sign" in text
    assert "Research use only" in text


def test_the_description_is_served(client, db):
    answer = client.get("/api/schema")
    assert answer.status_code == 200 and b"openapi: 3" in answer.content


def test_the_docs_bring_everything_along_and_run_no_inline_script(client, db):
    page = client.get("/api/docs")
    text = page.content.decode()
    assert page.status_code == 200
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", text)
    assert not re.findall(r"<script>(?!</script>)", text)
    assert "unsafe-inline" not in page["Content-Security-Policy"].split("style-src")[0]
    assert client.get("/api/docs?script=").status_code == 200


def test_no_other_page_may_have_inline_styles(client, db):
    assert "unsafe-inline" not in client.get("/api/schema")["Content-Security-Policy"]

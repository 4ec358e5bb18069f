"""Five thousand files on the upload page: it stays awake, and keeps no row for each."""

import pytest

from tests.browser.sending import count
from tests.intake.conftest import media  # noqa: F401
from workers import dispatch

pytestmark = [pytest.mark.browser, pytest.mark.load, pytest.mark.django_db(transaction=True)]

FILES, PASSWORD = 5000, "a long enough password"
# A portal that answers each file in 8 ms, one in twenty with a no: what is measured is the page.
ANSWERS = """
    window.long = []; window.most = 0; window.chosen = Infinity;
    new PerformanceObserver((list) => window.long.push(...list.getEntries())).observe({ type: "longtask" });
    document.addEventListener("change", () => { window.chosen = performance.now(); }, true);
    let sent = 0, flying = 0;
    window.XMLHttpRequest = class {
        constructor() { this.upload = {}; }
        open() {} setRequestHeader() {} abort() {}
        getResponseHeader() { return null; }
        send() {
            const number = sent++, bad = number % 20 === 0;
            const id = `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
            window.most = Math.max(window.most, ++flying);
            setTimeout(() => {
                flying -= 1;
                this.status = 201;
                this.responseText = JSON.stringify({ archives: [], receipts: [{
                    id, outcome: bad ? "rejected" : "accepted", reason: bad ? "truncated" : "",
                    sentence: bad ? "It ends." : "", study: bad ? null : id,
                    ai: bad ? null : "AI pending", prediction: null,
                }] });
                this.onloadend();
            }, 8);
        }
    };
"""


def test_five_thousand_files_leave_the_page_awake_and_small(open_page, log_in, factories, media, monkeypatch, tmp_path):  # noqa: F811
    from playwright.sync_api import expect

    monkeypatch.setattr(dispatch, "ring", lambda ids: None)
    for number in range(FILES):
        (tmp_path / f"IM-{number:05d}.dcm").write_bytes(b"%d" % number * 40)
    person = factories.technologist(factories.site("ward"), password=PASSWORD)
    page = log_in(open_page(), person, PASSWORD)
    page.add_init_script(ANSWERS)
    page.goto("/upload/")
    page.locator("#folder").set_input_files(str(tmp_path))
    expect(page.locator("#pace")).to_contain_text("5,000 files, all answered", timeout=120_000)
    expect(count(page, "accepted")).to_have_text("4,750")
    expect(count(page, "refused")).to_have_text("250")
    assert page.locator("#whole tr").count() <= 270
    assert page.evaluate("window.most") == 4
    # The browser's own listing of the folder comes before the page hears of it.
    ours = page.evaluate("window.long.filter((each) => each.startTime > window.chosen).map((each) => each.duration)")
    assert max(ours, default=0) < 500
    print(f"\nlong tasks of the page: {len(ours)}, the longest {max(ours, default=0):.0f} ms")

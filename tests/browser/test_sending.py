"""Sending that is interrupted: by the network, by a hand, a reload, a logout. Nothing is lost, nothing doubled."""

import os
import re
import zipfile

import pytest

from screening.models import Batch, Image, Part, Receipt, Site
from tests.browser.sending import SLOWLY, count, drop, ward
from tests.intake import films
from tests.intake.conftest import media  # noqa: F401
from workers import dispatch, jobs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long enough password"
OFFLINE, REFUSED = "ERR_INTERNET_DISCONNECTED", "Failed to load resource"
# The disk that does not give one file of a folder.
UNREADABLE = """() => {
    const gone = (found, failed) => failed(new DOMException("unreadable", "NotReadableError"));
    function spoil(entry) {
        if (entry.name === "IM-0003.dcm") entry.file = gone;
        if (!entry.isDirectory) return entry;
        const reader = entry.createReader(), { readEntries } = reader;
        reader.readEntries = (found) => readEntries.call(reader, (all) => found(all.map(spoil)));
        entry.createReader = () => reader;
        return entry;
    }
    const { webkitGetAsEntry } = DataTransferItem.prototype;
    DataTransferItem.prototype.webkitGetAsEntry = function () { return spoil(webkitGetAsEntry.call(this)); };
}"""


@pytest.fixture(autouse=True)
def house(factories, media, monkeypatch):  # noqa: F811
    monkeypatch.setattr(dispatch, "ring", lambda ids: None)
    monkeypatch.setattr(dispatch, "ring_for_job", lambda job: None)
    factories.active_model()
    return factories.site("ward", name="St Mary")


@pytest.fixture
def person(factories, house):
    return factories.technologist(house, password=PASSWORD)


@pytest.fixture
def upload(open_page, log_in, person):
    """A function: the upload page, whose console may say what is given."""

    def opened(tolerate=OFFLINE):
        page = log_in(open_page(tolerate=tolerate), person, PASSWORD)
        page.add_init_script(SLOWLY)
        page.goto("/upload/")
        return page

    return opened


@pytest.fixture
def page(upload):
    return upload()


def expect(it, **options):
    from playwright.sync_api import expect

    return expect(it, **options)


def all_of_the_ward_is_there(page):
    expect(page.locator("#pace")).to_contain_text("40 files, all answered")
    assert (Receipt.objects.count(), Image.objects.count()) == (40, 37)
    assert set(Receipt.objects.filter(outcome="rejected").values_list("reason", flat=True)) == {
        "truncated", "empty", "unsupported_type",
    }  # fmt: skip
    assert Batch.objects.count() == 1


def test_a_dropped_folder_of_40_whose_connection_is_lost_once_ends_with_37_and_3_reasons(page, tmp_path):
    drop(page, ward(tmp_path / "ward"))
    expect(count(page, "accepted")).not_to_have_text("0")
    page.context.set_offline(True)
    expect(page.locator("#news")).to_contain_text("No connection")
    expect(page.locator("#news")).to_contain_text("sending goes on by itself")
    page.wait_for_timeout(1500)
    page.context.set_offline(False)
    all_of_the_ward_is_there(page)
    expect(count(page, "accepted")).to_have_text("37")
    expect(page.locator("#bad tr")).to_have_count(3)
    expect(page.locator("#news")).to_be_hidden()


def test_a_reload_in_the_middle_goes_on_with_the_same_batch(page, tmp_path):
    folder = ward(tmp_path / "ward")
    page.on("dialog", lambda dialog: dialog.accept())
    drop(page, folder)
    expect(count(page, "accepted")).not_to_have_text("0")
    page.reload()
    expect(page.locator("#offer")).to_contain_text("was interrupted at")
    expect(page.locator("#offer")).to_contain_text("of 40 files")
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "IM-0" not in kept
    there, sent = Receipt.objects.count(), []
    page.on("request", lambda request: request.url.endswith("/files?list=true") and sent.append(request))
    drop(page, folder)
    all_of_the_ward_is_there(page)
    assert 40 - there - 4 <= len(sent) <= 40 - there
    assert page.evaluate("localStorage.length") == 0


def test_another_folder_after_a_reload_begins_a_batch_of_its_own(page, tmp_path):
    page.on("dialog", lambda dialog: dialog.accept())
    drop(page, ward(tmp_path / "ward"))
    expect(count(page, "accepted")).not_to_have_text("0")
    page.reload()
    expect(page.locator("#offer")).to_be_visible()
    (tmp_path / "other.jpg").write_bytes(films.jpeg(99))
    drop(page, tmp_path / "other.jpg")
    expect(page.locator("#pace")).to_contain_text("1 file, all answered")
    assert Batch.objects.count() == 2


def test_pausing_rests_and_resuming_goes_on(page, tmp_path):
    drop(page, ward(tmp_path / "ward"))
    expect(count(page, "accepted")).not_to_have_text("0")
    page.keyboard.press("p")
    expect(page.locator("#news")).to_contain_text("Paused")
    expect(page.locator(".lane")).to_have_count(0)  # what was on its way has been answered
    there = Receipt.objects.count()
    assert there < 40
    page.wait_for_timeout(1000)
    assert Receipt.objects.count() == there
    page.get_by_role("button", name="Resume").click()
    all_of_the_ward_is_there(page)


def test_cancelling_drops_what_was_not_sent_and_keeps_the_rest(page, tmp_path):
    drop(page, ward(tmp_path / "ward"))
    expect(count(page, "accepted")).not_to_have_text("0")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#stop-words")).to_contain_text("not sent yet, and will not be")
    page.get_by_role("button", name="Stop, and cancel the batch").click()
    expect(page.locator("#pace")).to_contain_text("The batch was cancelled.")
    batch = Batch.objects.get()
    assert batch.state == "cancelled"
    page.wait_for_timeout(1000)
    assert 0 < batch.receipts.count() < 40


def test_a_logout_in_the_middle_waits_for_a_login_in_another_tab(open_page, log_in, factories, house, tmp_path):
    person = factories.technologist(house, password=PASSWORD)
    page = log_in(open_page(tolerate="status of 40"), person, PASSWORD)
    page.add_init_script(SLOWLY)
    page.goto("/upload/")
    drop(page, ward(tmp_path / "ward"))
    expect(count(page, "accepted")).not_to_have_text("0")
    page.context.clear_cookies()
    expect(page.locator("#news")).to_contain_text("Log in again in another tab")
    log_in(page.context.new_page(), person, PASSWORD)
    page.get_by_role("button", name="Resume").click()
    all_of_the_ward_is_there(page)


def test_the_manifest_goes_first_and_its_faults_are_told_by_row(page, tmp_path):
    folder = tmp_path / "cd"
    folder.mkdir()
    for number in range(3):
        (folder / f"IM{number}").write_bytes(films.dicom(number, AccessionNumber=None))
    (folder / "manifest.csv").write_text("file,accession,priority\nIM0,A-10,stat\nIM1,A-11,soon\n")
    for name in ("autorun.inf", "viewer.exe", "help.html"):
        (folder / name).write_bytes(b"<html>a viewer</html>")
    drop(page, folder)
    expect(page.locator("#manifest li")).to_contain_text("Row 3")
    expect(page.locator("#pace")).to_contain_text("all answered")
    expect(page.locator("#left-out summary")).to_contain_text("3 files left out: a CD's viewer and its notes")
    assert Receipt.objects.get(name="cd/IM1").reason == "manifest_row"
    assert Receipt.objects.get(name="cd/IM0").study.accession == "A-10"
    assert Receipt.objects.get(name="cd/IM2").outcome == "accepted"


def test_a_large_file_goes_in_pieces_and_survives_a_lost_connection(page, tmp_path):
    with zipfile.ZipFile(tmp_path / "cd.zip", "w") as packed:
        packed.writestr("a.jpg", films.jpeg(1))
        packed.writestr("notes.txt", os.urandom(20 * 2**20))
    pieces, lost = [], []

    def second_piece_is_lost_once(route):
        if len(pieces) == 1 and not lost:
            lost.append(route.request.method)
            route.abort("internetdisconnected")
        else:
            route.continue_()

    page.route("**/parts/*", second_piece_is_lost_once)
    page.on(
        "response", lambda answer: "/parts/" in answer.url and pieces.append((answer.request.method, answer.status))
    )
    drop(page, tmp_path / "cd.zip")
    expect(page.locator(".lane")).to_contain_text("sending, in pieces")
    expect(page.locator("#news")).to_contain_text("No connection")
    expect(page.locator("#latest tr")).to_contain_text("received")
    assert lost == ["PATCH"]
    assert pieces == [("PATCH", 204), ("HEAD", 200), ("PATCH", 204), ("PATCH", 204)]
    assert Batch.objects.get().jobs.count() == 1


def stop(page, button):
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name=button).click()


def big_zip(path, size=20 * 2**20):
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.jpg", films.jpeg(1))
        packed.writestr("notes.txt", os.urandom(size))
    return path


def test_a_file_that_the_disk_does_not_give_is_chosen_again_and_not_retried(page, tmp_path):
    folder = ward(tmp_path / "ward", good=5)
    page.evaluate(UNREADABLE)
    drop(page, folder)
    expect(page.locator("#bad")).to_contain_text("cannot be read from the disk; choose it again")
    expect(count(page, "accepted")).to_have_text("4")
    expect(count(page, "left")).to_have_text("1")
    expect(page.locator("#retry")).to_be_hidden()
    page.keyboard.press("r")
    page.locator("#files").set_input_files(folder / "IM-0003.dcm")
    expect(page.locator("#pace")).to_contain_text("8 files, all answered")
    expect(page.locator("#bad")).not_to_contain_text("choose it again")
    assert Receipt.objects.filter(outcome="accepted").count() == 5


def test_a_file_that_the_disk_does_not_give_keeps_nobody_from_cancelling(page, tmp_path):
    page.evaluate(UNREADABLE)
    drop(page, ward(tmp_path / "ward"))
    expect(count(page, "accepted")).not_to_have_text("0")
    stop(page, "Stop, and cancel the batch")
    expect(page.locator("#pace")).to_contain_text("The batch was cancelled.")
    expect(page.locator(".lane")).to_have_count(0)  # what was on its way has been answered
    there = Receipt.objects.count()
    page.wait_for_timeout(1000)
    assert Receipt.objects.count() == there < 40
    assert Batch.objects.get().state == "cancelled"


def test_of_a_folder_without_one_file_that_can_be_read_no_batch_is_begun(page, tmp_path):
    (tmp_path / "IM-0003.dcm").write_bytes(films.dicom(3))
    page.evaluate(UNREADABLE)
    drop(page, tmp_path / "IM-0003.dcm")
    expect(page.locator("#bad")).to_contain_text("choose it again")
    assert not Batch.objects.exists()


def test_a_stop_gives_up_what_came_of_an_unfinished_file(page, tmp_path):
    held = []
    page.route(
        "**/parts/*", lambda route: route.continue_() if route.request.method == "DELETE" else held.append(route)
    )
    drop(page, big_zip(tmp_path / "cd.zip"))
    expect(page.locator(".lane")).to_contain_text("sending, in pieces")
    assert Part.objects.count() == 1
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as answered:
        stop(page, "Stop sending; keep")
    assert answered.value.status == 204
    for route in held:
        route.abort()
    assert not Part.objects.exists()


def test_after_a_stop_the_page_says_what_was_not_sent_and_takes_no_more(page, tmp_path):
    page.evaluate(UNREADABLE)
    drop(page, ward(tmp_path / "ward"))
    expect(page.locator("#bad")).to_contain_text("ends")
    stop(page, "Stop sending; keep")
    said = re.compile(r"^\d+ of 40 files sent, \d+ not sent\. The sending was stopped\.$")
    expect(page.locator("#pace")).to_have_text(said)
    expect(page.locator("#heard")).to_contain_text("not sent. The sending was stopped.")
    expect(page.get_by_role("link", name="Send more")).to_be_focused()
    expect(page.locator("#bad button")).to_have_count(0)
    there = Receipt.objects.count()
    assert page.locator("#pace").text_content().startswith(f"{there} of 40 files sent, {40 - there} not sent")
    (tmp_path / "other.jpg").write_bytes(films.jpeg(99))
    drop(page, tmp_path / "other.jpg")
    expect(page.locator("#news")).to_contain_text("Press Send more")
    page.wait_for_timeout(700)
    assert Receipt.objects.count() == there
    page.get_by_role("link", name="Send more").click()
    expect(page.locator("#whole")).to_be_hidden()  # the next page, and no longer this one
    drop(page, tmp_path / "other.jpg")
    expect(page.locator("#pace")).to_have_text("1 file, all answered")


def refuse(route, status, sentence):
    route.fulfill(status=status, json={"error": {"code": "other", "sentence": sentence, "fields": {}}})


@pytest.mark.parametrize(("status", "times"), [(422, 1), (500, 3)])
def test_a_refusal_ends_the_waiting_for_a_connection(upload, tmp_path, status, times):
    page = upload(tolerate=REFUSED)
    asked, seen = [], []

    def answer(route):
        asked.append(route)
        if len(asked) == 1:
            route.abort("internetdisconnected")
        elif seen:
            refuse(route, status, "This is not taken.")

    page.route("**/files?list=true", answer)
    (tmp_path / "a.jpg").write_bytes(films.jpeg(1))
    drop(page, tmp_path / "a.jpg")
    expect(page.locator("#news")).to_contain_text("No connection")
    seen.append(True)
    for route in asked[1:]:
        refuse(route, status, "This is not taken.")
    expect(page.locator("#bad")).to_contain_text("This is not taken.")
    expect(page.locator("#news")).to_be_hidden()
    assert len(asked) == 1 + times
    page.unroute("**/files?list=true")
    page.get_by_role("button", name="Retry 1 failed").click()
    expect(page.locator("#pace")).to_contain_text("1 file, all answered")


def test_what_keeps_firstread_from_taking_films_is_told_and_they_go_on_by_themselves(upload, tmp_path):
    page, away = upload(tolerate=REFUSED), [True]
    sentence = "The storage cannot be reached just now. Tell an administrator."
    page.route("**/files?list=true", lambda route: refuse(route, 503, sentence) if away else route.continue_())
    (tmp_path / "a.jpg").write_bytes(films.jpeg(1))
    drop(page, tmp_path / "a.jpg")
    expect(page.locator("#news")).to_contain_text(f"{sentence} 1 file waits: sending goes on by itself.")
    away.clear()
    expect(page.locator("#pace")).to_contain_text("1 file, all answered")
    expect(page.locator("#news")).to_be_hidden()


def test_a_file_that_was_deleted_while_the_connection_was_lost_ends_the_waiting(upload, tmp_path):
    page, film, asked, seen = upload(tolerate=REFUSED), tmp_path / "a.jpg", [], []

    def answer(route):
        asked.append(route)
        if len(asked) == 1 or seen:
            route.abort("internetdisconnected")

    page.route("**/files?list=true", answer)
    film.write_bytes(films.jpeg(1))
    drop(page, film)
    expect(page.locator("#news")).to_contain_text("No connection")
    film.unlink()
    seen.append(True)
    for route in asked[1:]:
        route.abort("internetdisconnected")
    expect(page.locator("#bad")).to_contain_text("choose it again")
    expect(page.locator("#news")).to_be_hidden()


def test_a_large_file_that_may_not_be_begun_is_refused_with_its_sentence(upload, tmp_path):
    page, asked = upload(tolerate=REFUSED), []
    page.route("**/api/v1/parts", lambda route: (asked.append(route), refuse(route, 404, "This is not here.")))
    drop(page, big_zip(tmp_path / "cd.zip"))
    expect(page.locator("#bad")).to_contain_text("This is not here.")
    assert len(asked) == 1


def test_a_large_file_that_is_gone_in_the_middle_is_begun_again(upload, tmp_path):
    page, heads = upload(tolerate=REFUSED), []
    page.route("**/parts/*", lambda route: None if route.request.method == "PATCH" else route.continue_())
    drop(page, big_zip(tmp_path / "cd.zip"))
    expect(page.locator(".lane")).to_contain_text("sending, in pieces")
    page.keyboard.press("p")
    expect(page.locator("#news")).to_contain_text("Paused")
    Part.objects.all().delete()
    page.unroute("**/parts/*")
    page.on("response", lambda answer: answer.request.method == "HEAD" and heads.append(answer.status))
    page.keyboard.press("p")
    expect(page.locator("#latest tr")).to_contain_text("received")
    assert heads == [404]


def test_a_large_film_for_another_site_is_shown_as_what_it_became(page, person, factories, tmp_path):
    person.sites.add(factories.site("annex"))
    page.reload()
    page.get_by_label("Site").select_option("ward")
    folder = tmp_path / "cd"
    folder.mkdir()
    (folder / "IM0").write_bytes(films.dicom(1, side=3000))
    (folder / "manifest.csv").write_text("file,site\nIM0,annex\n")
    drop(page, folder)
    expect(page.locator("#latest tr")).to_contain_text("accepted")
    assert Receipt.objects.get().batch.site == Site.objects.get(code="annex")


def test_what_is_offered_locks_its_options_until_it_is_forgotten(page, tmp_path):
    folder = ward(tmp_path / "ward")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("Urgent").check()
    page.get_by_label("Name of this batch").fill("Ward C")
    drop(page, folder)
    expect(count(page, "accepted")).not_to_have_text("0")
    page.reload()
    expect(page.locator("#offer")).to_be_visible()
    expect(page.locator("#locked")).to_contain_text("press Forget it")
    expect(page.get_by_label("Look first (dry run)")).to_be_disabled()
    expect(page.get_by_label("Urgent")).to_be_checked()
    expect(page.get_by_label("Name of this batch")).to_have_value("Ward C")
    page.get_by_role("button", name="Forget it").click()
    expect(page.locator("#locked")).to_be_hidden()
    expect(page.get_by_label("Routine")).to_be_checked()
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()
    page.get_by_label("Look first (dry run)").check()
    drop(page, folder)
    expect(page.locator(".result")).to_contain_text("Of 40 files")
    assert set(Batch.objects.values_list("state", flat=True)) == {"open", "trial"}


def test_an_interrupted_dry_run_stays_one(page, tmp_path):
    folder = ward(tmp_path / "ward")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("Look first (dry run)").check()
    drop(page, folder)
    expect(count(page, "accepted")).not_to_have_text("0")
    page.reload()
    expect(page.locator("#offer")).to_contain_text("A dry run of")
    expect(page.get_by_label("Look first (dry run)")).to_be_checked()
    expect(page.get_by_label("Send", exact=True)).to_be_disabled()
    drop(page, folder)
    expect(page.locator(".result")).to_contain_text("Of 40 files")
    assert (Batch.objects.get().state, Image.objects.count()) == ("trial", 0)


def test_a_zip_is_not_answered_before_it_was_opened(page, tmp_path):
    (tmp_path / "cd.zip").write_bytes(films.archive({"a.jpg": films.jpeg(1), "b.jpg": films.jpeg(2)}))
    page.evaluate("""() => {
        window.said = [];
        new MutationObserver(() => window.said.push(document.getElementById("heard").textContent))
            .observe(document.getElementById("heard"), { childList: true });
    }""")
    drop(page, tmp_path / "cd.zip")
    expect(page.locator("#pace")).to_have_text("1 file sent; being unpacked")
    page.wait_for_timeout(3500)
    assert page.evaluate("window.said") == []
    jobs.unpack()
    expect(page.locator("#pace")).to_have_text("1 file, all answered")
    expect(count(page, "accepted")).to_have_text("2")
    assert page.evaluate("window.said") == ["1 file, all answered"]


def test_the_stop_of_a_dry_run_says_what_becomes_of_it(page, tmp_path):
    page.get_by_label("Look first (dry run)").check()
    drop(page, ward(tmp_path / "ward"))
    expect(count(page, "accepted")).not_to_have_text("0")
    stop(page, "Stop, and discard the dry run: nothing is stored")
    expect(page.locator("#pace")).to_contain_text("The dry run was discarded: nothing is stored.")
    expect(page.locator("#trial")).to_be_hidden()
    assert (Batch.objects.get().state, Image.objects.count()) == ("discarded", 0)

"""What the tests of sending share: folders of films, dropped as a hand drops them, and a connection that is slow."""

from tests.intake import films

# A request that leaves a little later gives a test the time to do something in between.
SLOWLY = """
    const { send, abort } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.send = function (body) {
        this.leaves = setTimeout(() => { this.left = true; send.call(this, body); }, 500);
    };
    XMLHttpRequest.prototype.abort = function () {
        clearTimeout(this.leaves);
        if (this.left) abort.call(this);
        else this.dispatchEvent(new ProgressEvent("loadend"));
    };
"""


def ward(folder, good=37):
    """A folder of films, three of which cannot be taken; gives its path."""
    folder.mkdir()
    for number in range(good):
        (folder / f"IM-{number:04d}.dcm").write_bytes(films.dicom(number, side=128))
    (folder / "broken.jpg").write_bytes(films.truncated_jpeg())
    (folder / "empty.png").write_bytes(b"")
    (folder / "tool.dcm").write_bytes(b"MZ" + bytes(4000))
    return folder


def drop(page, *paths):
    """Drop files or folders on the page, through the browser's own machinery, once its script listens."""
    page.locator(".ask .scripted").wait_for()
    hand = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        hand.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 200, "data": data})


def count(page, name):
    return page.locator(f"[data-count={name}]")

// The worklist stays live without moving a row under the pointer: where the pointer is over the table or a row has the
// focus, changes wait behind a pill that says what they are; only the clocks go on.
(() => {
  const list = document.getElementById("list");
  const pill = document.getElementById("pill");
  const heard = document.getElementById("heard");
  const filters = document.getElementById("filters");
  let held = null; // the newest answer that is not shown yet
  let over = false;
  let cursor = null; // the id of the marked row

  const rows = (root) => [...root.querySelectorAll("#rows tbody tr")];
  const busy = () => over || list.contains(document.activeElement) || Boolean(document.querySelector("dialog[open]"));

  function news(before, after) {
    const was = new Map(rows(before).map((row) => [row.id, row.dataset.mark]));
    const now = rows(after);
    // A row that only slid onto this page is not a new study.
    const since = Number(before.querySelector("#rows")?.dataset.at || 0);
    const fresh = now.filter((row) => !was.has(row.id) && Number(row.dataset.received) > since).length;
    const changed = now.filter((row) => was.has(row.id) && was.get(row.id) !== row.dataset.mark).length;
    const here = new Set(now.map((row) => row.id));
    const gone = [...was.keys()].filter((id) => !here.has(id)).length;
    const parts = [];
    if (fresh) parts.push(interpolate(ngettext("%(n)s new study", "%(n)s new studies", fresh), { n: fresh }, true));
    // Translators: so many studies of the list have changed, or are not on it any more.
    if (changed) parts.push(interpolate(ngettext("%(n)s changed", "%(n)s changed", changed), { n: changed }, true));
    if (gone) parts.push(interpolate(ngettext("%(n)s gone", "%(n)s gone", gone), { n: gone }, true));
    if (!parts.length && now.some((row, i) => row.id !== rows(before)[i]?.id)) parts.push(gettext("another order"));
    return parts.join(", ");
  }

  // Where nothing moved, only what the clock changes is written.
  function tick(after) {
    rows(after).forEach((row) => {
      const mine = document.getElementById(row.id);
      if (mine) [".waited", ".due"].forEach((cell) => { mine.querySelector(cell).innerHTML = row.querySelector(cell).innerHTML; });
      if (mine) window.firstread.localise(mine);
    });
    [".strip", ".chips"].forEach((part) => {
      const [mine, theirs] = [list.querySelectorAll(part), after.querySelectorAll(part)];
      if (mine.length !== theirs.length) return;
      mine.forEach((element, i) => {
        if (element.contains(document.activeElement)) return; // written anew, a chip would lose the focus
        element.innerHTML = theirs[i].innerHTML;
        window.firstread.localise(element);
      });
    });
  }

  function show(words) {
    list.replaceChildren(...held.childNodes);
    window.htmx.process(list);
    window.firstread.localise(list);
    held = null;
    pill.hidden = true;
    if (words) heard.textContent = words;
    mark(document.getElementById(cursor), false);
  }

  // Every answer comes by here and never by htmx's own swap.
  list.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== list || event.detail.xhr.status !== 200) return;
    event.detail.shouldSwap = false;
    held = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").body;
    const words = news(list, held);
    if (!words) { tick(held); held = null; pill.hidden = true; return; }
    if (!busy()) { show(words); return; }
    if (pill.dataset.words !== words || pill.hidden) heard.textContent = words;
    pill.dataset.words = words;
    pill.innerHTML = "";
    // Translators: on a button behind what has changed, such as "2 new studies"; "show" is a verb.
    pill.append(interpolate(gettext("%(words)s: show"), { words }, true), " ", Object.assign(document.createElement("kbd"), { textContent: "." }));
    pill.hidden = false;
  });
  list.addEventListener("htmx:beforeRequest", (event) => { if (document.hidden) event.preventDefault(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) window.htmx.trigger(list, "refresh"); });
  list.addEventListener("pointerover", (event) => { over = Boolean(event.target.closest("#rows")); });
  list.addEventListener("pointerleave", () => { over = false; });
  pill.addEventListener("click", () => held && show(""));

  // Keys.
  function mark(row, focus = true) {
    rows(list).forEach((each) => each.classList.toggle("cursor", each === row));
    if (!row) return;
    cursor = row.id;
    if (focus) { row.focus({ preventScroll: true }); row.scrollIntoView({ block: "nearest" }); }
  }
  function step(by) {
    const all = rows(list);
    const at = all.findIndex((row) => row.id === cursor);
    mark(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
  }
  function take(row) {
    const form = row.querySelector(".do form");
    if (form) form.requestSubmit();
    else row.querySelector(".do a")?.click();
  }
  const keys = {
    j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
    n: () => document.getElementById("next")?.requestSubmit(),
    v: () => document.getElementById(cursor)?.querySelector(".who a").click(),
    ".": () => held && show(""),
    "/": () => { const field = document.getElementById("search"); field.focus(); field.select(); },
    f: () => { filters.open = true; filters.querySelector("select").focus(); },
    Escape: () => { document.activeElement.blur(); mark(null); cursor = null; },
  };
  document.addEventListener("keydown", (event) => {
    // Out of a field, back to the rows.
    if (event.key === "Escape" && event.target.closest(".tools, .filters")) {
      const box = event.target.closest(".filters");
      if (box) { box.open = false; box.querySelector("summary").focus(); } else event.target.blur();
      return;
    }
    if (window.firstread.typing(event)) return;
    if (event.key === "Enter" && document.activeElement.matches("#rows tr")) { event.preventDefault(); take(document.activeElement); return; }
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
})();

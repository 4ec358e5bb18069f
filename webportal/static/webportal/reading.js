// The reading page around the film: findings by key, activity that keeps the claim, and the overlay when it is asked for.
(() => {
  const $ = (id) => document.getElementById(id);
  const form = $("read");
  const report = document.querySelector("form.report"); // the read, or an addendum

  // The claim: kept by what the reader does, asked for when there was nothing, and given up at its end.
  const QUIET_MS = 60000; // one sign of life a minute is enough for a claim of many
  let told = performance.now();
  let ends = 0;
  let ask = 0; // seconds before the end: the last third of the claim
  function begin() {
    const left = Number($("claim").dataset.left);
    [ends, ask] = [performance.now() + 1000 * left, left / 3];
  }
  function alive() {
    if (!form || performance.now() - told < QUIET_MS) return;
    told = performance.now();
    window.htmx.trigger("#draft", "activity");
  }
  if (form) {
    begin();
    ["pointermove", "pointerdown", "keydown", "wheel"].forEach((kind) => document.addEventListener(kind, alive, { passive: true }));
    document.addEventListener("htmx:oobAfterSwap", (event) => {
      if (event.detail.target.id !== "claim") return;
      begin();
      told = performance.now();
      window.firstread.localise($("claim"));
    });
    const clock = setInterval(() => {
      const left = (ends - performance.now()) / 1000;
      $("idle").hidden = left > ask || left <= 0;
      if (left > 0) return;
      clearInterval(clock);
      window.htmx.trigger("#draft", "activity"); // the answer says that the claim has ended, and how to take it again
    }, 5000);
  }

  // Signing waits for a draft that is on its way: it would find a newer one than its own page has seen.
  let saving = false;
  let waiting = null; // the button that was pressed meanwhile
  if (form) {
    const draft = $("draft");
    draft.addEventListener("htmx:beforeRequest", (event) => { if (event.target === draft) saving = true; });
    draft.addEventListener("htmx:afterRequest", (event) => {
      if (event.target !== draft) return;
      saving = false;
      // The answer may bring the button anew, or be one that has no such button: then it says what to do.
      const again = waiting && [...form.elements].find((each) => each.type === "submit" && each.formAction === waiting.formAction);
      if (again) form.requestSubmit(again);
    });
    form.addEventListener("submit", (event) => {
      waiting = saving ? event.submitter : null;
      if (saving) event.preventDefault();
    });
  }

  // News are put there, and said aloud, once; the page asks again and again and is told the same.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (target.id !== "news" || xhr.status !== 200) return;
    if (target.dataset.told === xhr.responseText) event.detail.shouldSwap = false;
    target.dataset.told = xhr.responseText;
  });

  // What is said: a choice that is taken back, and the time at which somebody was told, in the reader's own zone.
  const changed = (input) => input.dispatchEvent(new Event("change", { bubbles: true }));
  function choose(name, number) {
    const choice = report?.querySelectorAll(`[name=${name}]`)[number];
    if (!choice?.checkVisibility()) return;
    choice.checked = name === "finding" || !choice.checked;
    changed(choice);
  }
  function certainty() {
    const choices = [...report?.querySelectorAll("[name=certainty]") || []];
    const at = choices.findIndex((choice) => choice.checked);
    choices.forEach((choice, i) => { choice.checked = i === at + 1; });
    if (choices.length) changed(choices[0]);
  }
  if (report) {
    let before = null; // the radio that was checked when the pointer came down on it
    report.addEventListener("pointerdown", (event) => { before = event.target.closest(".choices label")?.querySelector(":checked"); });
    report.addEventListener("click", (event) => {
      if (event.target !== before) return;
      before.checked = false;
      changed(before);
      before = null;
    });
    const [shown, sent] = [$("told_at"), report.querySelector("[name=told_at]")];
    const local = (instant) => new Date(instant - instant.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
    const tell = () => { sent.value = shown.value && new Date(shown.value).toISOString(); };
    if (sent.value) shown.value = local(new Date(sent.value));
    shown.addEventListener("input", tell);
    $("told_to").addEventListener("input", () => {
      if (shown.value || !$("told_to").value) return;
      shown.value = local(new Date());
      tell();
    });
  }

  // Where the model looked: a picture with its own transparency, laid over the film.
  const box = (image) => document.querySelector(`.look[data-for="${image}"]`);
  const looks = new Map(); // image id -> {image, picture, opacity, shown}
  async function take(part) {
    const overlay = part.querySelector(".overlay");
    if (!overlay) return;
    const image = overlay.dataset.image;
    const picture = Object.assign(new Image(), { src: overlay.dataset.picture });
    try {
      await picture.decode();
    } catch {
      part.textContent = gettext("The picture of where the model looked cannot be shown.");
      return;
    }
    looks.set(image, { image, picture, opacity: overlay.querySelector("[type=range]").value / 100, shown: true });
    if (window.viewer.image() === image) window.viewer.lay(looks.get(image));
  }
  document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target.matches(".look")) take(event.detail.target); });
  document.addEventListener("film", (event) => {
    document.querySelectorAll(".look").forEach((part) => { part.hidden = part.dataset.for !== event.detail.image; });
    window.viewer.lay(looks.get(event.detail.image) || null);
  });
  document.addEventListener("input", (event) => {
    if (!event.target.matches(".overlay [type=range]")) return;
    looks.get(window.viewer.image()).opacity = event.target.value / 100;
    window.viewer.redraw();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".overlay [aria-pressed]");
    const look = button && looks.get(window.viewer.image());
    if (!look) return;
    look.shown = !look.shown;
    button.setAttribute("aria-pressed", String(look.shown));
    window.viewer.redraw();
  });

  // Keys.
  const unfold = (box, inside) => {
    if (!box) return;
    box.open = true;
    box.querySelector(inside).focus();
  };
  const keys = {
    1: () => choose("finding", 0), 2: () => choose("finding", 1), 3: () => choose("finding", 2), 4: () => choose("finding", 3),
    5: () => choose("side", 0), 6: () => choose("side", 1), 7: () => choose("side", 2),
    t: certainty,
    c: () => $("comment")?.focus(),
    u: () => unfold(report?.querySelector(".urgent-finding"), "textarea"),
    s: () => $("show-ai")?.click(),
    x: () => unfold(document.querySelector(".hand"), "select"),
    e: () => unfold($("adding"), "[name=finding]"),
    h: () => { const ask = box(window.viewer?.image())?.querySelector("button"); if (ask?.checkVisibility()) ask.click(); },
    v: () => {
      const box = [...document.querySelectorAll(".about")].find((each) => !each.hidden)?.querySelector(".view-form");
      if (!box) return;
      box.open = !box.open;
      if (box.open) box.querySelector("input:checked, input[type=radio]").focus();
    },
    n: () => $("next")?.requestSubmit(),
    Enter: (event) => { if (!event.target.closest("button, a, input, summary")) $("take")?.click(); },
    Escape: () => {
      const open = document.querySelector(".view-form[open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); } else $("back").click();
    },
  };
  document.addEventListener("keydown", (event) => {
    if (form && (event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); form.requestSubmit($("sign")); return; }
    // Enter in a field sends nothing: the form's first button may be any of them.
    if (event.key === "Enter" && event.target.matches?.(".report input")) { event.preventDefault(); return; }
    if (event.key === "Escape" && event.target.matches?.(".report textarea, .report select, .report input")) { event.target.blur(); return; }
    if (window.firstread.typing(event) || !keys[event.key]) return;
    if (event.key !== "Enter") event.preventDefault();
    keys[event.key](event);
  });
})();

// The reading page around the film: findings by key, activity that keeps the claim, and the overlay when it is asked for.
(() => {
  const $ = (id) => document.getElementById(id);
  const form = $("read");

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
      part.textContent = "The picture of where the model looked cannot be shown.";
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
  const find = (number) => () => {
    const choice = form?.querySelectorAll("[name=finding]")[number];
    if (!choice) return;
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const keys = {
    1: find(0), 2: find(1), 3: find(2), 4: find(3),
    c: () => $("comment")?.focus(),
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
    if (event.key === "Escape" && event.target === $("comment")) { event.target.blur(); return; }
    if (window.firstread.typing(event) || !keys[event.key]) return;
    if (event.key !== "Enter") event.preventDefault();
    keys[event.key](event);
  });
})();

// The viewer: one film, or two side by side; tools and keys act on the pane that was touched last.
import { fetchAhead } from "./viewing/ahead.js";
import { attach } from "./viewing/hands.js";
import { Pane } from "./viewing/pane.js";

const section = document.querySelector(".film");
const boxes = [...section.querySelectorAll(".pane")];
if (boxes.length) begin();

function begin() {
  const picks = [...section.querySelectorAll(".pick")], own = picks.filter((pick) => !pick.dataset.prior);
  const panes = boxes.map((box) => new Pane(box, changed)), [left, right] = panes;
  const movers = new Map(panes.map((pane) => [pane, attach(pane, { tool: () => tool, chosen: () => choosePane(pane) })]));
  let active = left;
  let tool = "window";
  let begun = false; // the first film was shown at its full depth

  // Panes and pictures ------------------------------------------------------------------------------------------------
  const beside = () => !right.box.hidden;

  // A pane shows another picture, or has it at its full depth now.
  function changed(pane) {
    about(pane);
    mark();
    if (pane === active && (pane.ready || !pane.pick.dataset.src)) tell();
    if (begun || pane !== left || !pane.ready) return;
    begun = true;
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("film"))); // drawn, not only decoded
    if (section.dataset.ahead) fetchAhead(section.dataset.ahead);
  }

  // What is said of a picture stands over the pane that shows it.
  function about(pane) {
    const said = section.querySelector(`.about[data-for="${pane.image}"]`);
    pane.box.querySelectorAll(".about").forEach((each) => { each.hidden = each !== said; });
    if (!said) return;
    said.hidden = false;
    if (said.parentElement !== pane.box) pane.box.append(said); // to move it takes the focus from its form
  }

  // The page around the film goes with the picture of the pane that is chosen.
  function tell() { active.canvas.dispatchEvent(new CustomEvent("film", { bubbles: true, detail: { image: active.image } })); }

  function choosePane(pane) {
    if (active === pane) return;
    const focused = document.activeElement === active.canvas;
    active = pane;
    if (focused) active.canvas.focus();
    mark();
    if (pane.pick) tell();
  }

  function mark() {
    panes.forEach((pane) => pane.box.classList.toggle("active", pane === active));
    picks.forEach((pick) => pick.setAttribute("aria-pressed", String(pick === active.pick)));
    const pressed = { invert: active.inverted, flip: active.flipped, magnify: Boolean(active.loupe), beside: beside() };
    Object.entries(pressed).forEach(([name, on]) => section.parentElement.querySelector(`[data-do=${name}]`).setAttribute("aria-pressed", String(on)));
  }

  // A film of an earlier study stands on the right alone: what is read is on the left.
  function open(pick) {
    const pane = pick.dataset.prior ? right : active;
    if (pane === right && !beside()) toggleBeside(pick);
    else { choosePane(pane); pane.open(pick); }
  }

  function toggleBeside(wanted) {
    right.box.hidden = beside();
    boxes[0].parentElement.classList.toggle("split", beside());
    const past = section.querySelector(".past-films");
    if (past) past.hidden = !beside();
    if (!beside()) { choosePane(left); about(left); mark(); return; }
    const pick = wanted || right.pick || second();
    choosePane(right);
    if (!pick) right.say(gettext("There is no second picture: this study holds one image, and no earlier study of the patient is here."));
    else if (pick === right.pick) { about(right); mark(); } else right.open(pick);
  }

  // The lateral film of this study, else the latest earlier film, else any other.
  function second() {
    const others = own.filter((pick) => pick !== left.pick);
    return others.find((pick) => pick.dataset.lateral) || picks.find((pick) => pick.dataset.prior) || others[0];
  }

  function step(by) {
    const among = active === left ? own : picks, next = among[among.indexOf(active.pick) + by];
    if (next) open(next);
  }

  // Tools and keys ----------------------------------------------------------------------------------------------------
  function choose(name) {
    tool = name;
    document.querySelectorAll("[data-tool]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.tool === name)));
  }

  const acts = ["invert", "rotate", "flip", "fit", "actual", "magnify", "reset"];
  function act(name) {
    if (name === "beside") { toggleBeside(); return; }
    if (!active.seen) return;
    if (acts.includes(name)) active[name]();
    active.draw();
    mark();
  }

  function level(name) {
    active.preset(name);
    active.draw();
  }

  const menu = document.getElementById("presets");
  const presets = [...menu.querySelectorAll("[data-preset]")];
  presets.forEach((button) => button.addEventListener("click", () => { level(button.dataset.preset); menu.hidePopover(); }));

  const arrows = { ArrowLeft: [-12, 0], ArrowRight: [12, 0], ArrowUp: [0, -12], ArrowDown: [0, 12] };
  function arrow([dx, dy]) {
    if (active.loupe) active.moveLoupe(active.loupe.x + dx, active.loupe.y + dy);
    else movers.get(active)(tool, dx, dy);
  }

  const keys = {
    w: () => choose("window"), p: () => choose("pan"), z: () => choose("zoom"), m: () => choose("measure"),
    l: () => menu.togglePopover(), ",": () => step(-1), ".": () => step(1), Backspace: () => active.lines.removeLast(),
  };
  Object.entries({ i: "invert", r: "rotate", f: "flip", a: "fit", o: "actual", g: "magnify", b: "beside", 0: "reset" })
    .forEach(([key, name]) => { keys[key] = () => act(name); });

  // Shift and a digit is a preset, unless the digit itself is typed with shift: it is a finding then.
  function presetOf(event) {
    const digit = event.shiftKey && /^Digit([1-4])$/.exec(event.code);
    return digit && digit[1] !== event.key ? presets[digit[1] - 1].dataset.preset : "";
  }

  document.addEventListener("keydown", (event) => {
    if (window.firstread.typing(event)) return;
    if (event.key === "Escape" && menu.matches(":popover-open")) { menu.hidePopover(); event.stopImmediatePropagation(); return; }
    const focused = document.activeElement === active.canvas;
    if (arrows[event.key] && focused && active.seen) { event.preventDefault(); arrow(arrows[event.key]); }
    if (event.key === " " && focused && tool === "measure" && active.seen) { event.preventDefault(); active.lines.lay(); }
    const wanted = presetOf(event);
    if (wanted) level(wanted); else keys[event.key]?.();
  });
  document.querySelectorAll("[data-tool]").forEach((button) => button.addEventListener("click", () => choose(button.dataset.tool)));
  document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => act(button.dataset.do)));
  picks.forEach((pick) => pick.addEventListener("click", () => open(pick)));
  panes.forEach((pane) => pane.canvas.addEventListener("focus", () => choosePane(pane)));

  window.viewer = {
    redraw: () => panes.forEach((pane) => pane.draw()),
    image: () => active.image,
    lay: (laid) => { active.overlay = laid; active.draw(); },
  };
  if (own.length) left.open(own[0]);
}

// The viewer: one film on black, at its own depth. Window, zoom, pan, invert, rotate, flip, overlay; mouse, touch, keys.
(() => {
  const canvas = document.getElementById("film");
  if (!canvas) return;
  const $ = (id) => document.getElementById(id);
  const screen2d = canvas.getContext("2d");
  const picks = [...document.querySelectorAll(".pick")];
  const film = document.createElement("canvas"); // the whole film, windowed; while a window is dragged, every `step`th pixel
  let grey = null; // {width, height, values}
  let start = { centre: 127.5, width: 255 }; // the window the film came with
  let at = null; // {centre, width, zoom, x, y, turns, flipped, inverted, fitted}
  let tool = "window";
  let overlay = null; // {image, picture, opacity, shown}
  let painted = ""; // the window that `film` holds
  let dragging = false;
  let asked = 0;

  // Loading -----------------------------------------------------------------------------------------------------------
  async function open(pick) {
    const mine = ++asked;
    picks.forEach((each) => each.setAttribute("aria-pressed", String(each === pick)));
    document.querySelectorAll(".film [data-for]").forEach((each) => { each.hidden = each.dataset.for !== pick.dataset.image; });
    grey = null;
    draw();
    if (!pick.dataset.src) return without(pick);
    say("Loading the film…");
    try {
      const answer = await fetch(pick.dataset.src);
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const read = await window.greyPng(await answer.arrayBuffer());
      if (mine !== asked) return;
      grey = read;
    } catch (error) {
      if (mine === asked) say("The stored picture cannot be shown. Reload the page; if it stays, tell an administrator.", error);
      return;
    }
    painted = "";
    start = windowOf(pick.dataset);
    reset();
    say("");
    $("corner-picture").innerText = pick.dataset.about.replace("|", "\n");
    canvas.dispatchEvent(new CustomEvent("film", { bubbles: true, detail: { image: pick.dataset.image } }));
  }

  // A picture that cannot be decoded yet: what its header says stands in its place.
  function without(pick) {
    say("");
    ["corner-picture", "corner-window", "corner-overlay"].forEach((id) => { $(id).textContent = ""; });
    canvas.dispatchEvent(new CustomEvent("film", { bubbles: true, detail: { image: pick.dataset.image } }));
  }

  function say(words, error) {
    if (error) console.warn(error.message);
    $("film-state").textContent = words;
    $("film-state").hidden = !words;
  }

  // The file's own window; without one all of an 8-bit film, and of a deeper one what lies between its 0.5 % and 99.5 %.
  function windowOf({ centre, width, bits }) {
    if (width) return { centre: Number(centre), width: Number(width) };
    if (Number(bits) <= 8) return { centre: 127.5, width: 255 };
    const counts = new Uint32Array(65536);
    for (const value of grey.values) counts[value]++;
    const at = (share) => { let sum = 0; return counts.findIndex((count) => (sum += count) >= share * grey.values.length); };
    const [low, high] = [at(0.005), at(0.995)];
    return { centre: (low + high) / 2, width: Math.max(1, high - low) };
  }

  // Drawing -----------------------------------------------------------------------------------------------------------
  function paint() {
    // What the screen cannot show anyway is left out while the hand moves; the whole film follows when it rests.
    const step = dragging ? Math.max(1, Math.floor(1 / (at.zoom * devicePixelRatio))) : 1;
    const key = `${at.centre}/${at.width}/${at.inverted}/${step}`;
    if (painted === key) return;
    painted = key;
    [film.width, film.height] = [Math.ceil(grey.width / step), Math.ceil(grey.height / step)];
    const shades = new Uint32Array(grey.values instanceof Uint8Array ? 256 : 65536);
    const low = at.centre - at.width / 2;
    for (let value = 0; value < shades.length; value++) {
      const shade = Math.round(255 * Math.min(1, Math.max(0, (value - low) / at.width)));
      shades[value] = 0xff000000 | ((at.inverted ? 255 - shade : shade) * 0x010101);
    }
    const context = film.getContext("2d");
    const pixels = context.createImageData(film.width, film.height);
    const out = new Uint32Array(pixels.data.buffer);
    for (let y = 0, i = 0; y < grey.height; y += step) {
      const end = (y + 1) * grey.width;
      for (let from = y * grey.width; from < end; from += step) out[i++] = shades[grey.values[from]];
    }
    context.putImageData(pixels, 0, 0);
  }

  let due = false;
  function draw() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; now(); });
  }

  function now() {
    const box = canvas.getBoundingClientRect();
    const [wide, high] = [Math.round(box.width * devicePixelRatio), Math.round(box.height * devicePixelRatio)];
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
    screen2d.setTransform(1, 0, 0, 1, 0, 0);
    screen2d.clearRect(0, 0, wide, high);
    if (!grey || !at) return;
    if (at.fitted) fit();
    paint();
    const scale = at.zoom * devicePixelRatio;
    screen2d.translate(wide / 2 + at.x * devicePixelRatio, high / 2 + at.y * devicePixelRatio);
    screen2d.rotate(at.turns * Math.PI / 2);
    screen2d.scale(at.flipped ? -scale : scale, scale);
    screen2d.imageSmoothingQuality = "high";
    screen2d.drawImage(film, -grey.width / 2, -grey.height / 2, grey.width, grey.height);
    if (overlay?.shown && overlay.image === current().dataset.image) {
      screen2d.globalAlpha = overlay.opacity;
      screen2d.drawImage(overlay.picture, -grey.width / 2, -grey.height / 2, grey.width, grey.height);
      screen2d.globalAlpha = 1;
    }
    corners();
  }

  function corners() {
    $("corner-window").innerText = `W ${Math.round(at.width)} L ${Math.round(at.centre)}\nzoom ${at.zoom.toFixed(2)}`;
    const turned = [at.inverted && "inverted", at.turns && `turned ${90 * at.turns}°`, at.flipped && "flipped: left is right"].filter(Boolean);
    const shown = overlay?.shown && overlay.image === current().dataset.image;
    $("corner-overlay").innerText = [...turned, shown ? "where the model looked,\nnot where disease is" : "AI overlay off"].join("\n");
    document.querySelectorAll("[data-do=invert], [data-do=flip]").forEach((button) =>
      button.setAttribute("aria-pressed", String(button.dataset.do === "flip" ? at.flipped : at.inverted)));
  }

  const current = () => picks.find((pick) => pick.getAttribute("aria-pressed") === "true");

  // What the tools do -------------------------------------------------------------------------------------------------
  function fit() {
    const box = canvas.getBoundingClientRect();
    const [wide, high] = at.turns % 2 ? [grey.height, grey.width] : [grey.width, grey.height];
    Object.assign(at, { zoom: 0.98 * Math.min(box.width / wide, box.height / high), x: 0, y: 0, fitted: true });
  }
  function reset() { at = { ...start, turns: 0, flipped: false, inverted: false, fitted: true, zoom: 1, x: 0, y: 0 }; draw(); }
  function zoom(factor, x = 0, y = 0) { // (x, y): the point that stays, from the middle of the canvas
    const to = Math.min(20, Math.max(0.02, at.zoom * factor));
    const ratio = to / at.zoom;
    Object.assign(at, { zoom: to, x: x - (x - at.x) * ratio, y: y - (y - at.y) * ratio, fitted: false });
  }
  function pan(dx, dy) { Object.assign(at, { x: at.x + dx, y: at.y + dy, fitted: false }); }
  function level(dx, dy) {
    const step = start.width / 400; // the whole window in about 400 pixels of dragging
    at.width = Math.max(1, at.width + dx * step);
    at.centre -= dy * step;
  }
  function drag(how, dx, dy) {
    if (how === "pan") pan(dx, dy);
    else if (how === "zoom") zoom(Math.exp(-dy / 150));
    else level(dx, dy);
    draw();
  }
  const actions = {
    invert: () => { at.inverted = !at.inverted; }, rotate: () => { at.turns = (at.turns + 1) % 4; },
    flip: () => { at.flipped = !at.flipped; }, fit: () => { at.fitted = true; },
    actual: () => { zoom(1 / devicePixelRatio / at.zoom); }, reset,
  };
  function act(name) { if (grey) { actions[name](); draw(); } }
  function choose(name) {
    tool = name;
    document.querySelectorAll("[data-tool]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.tool === name)));
  }

  // Hands -------------------------------------------------------------------------------------------------------------
  const fingers = new Map();
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
    dragging = true;
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before || !grey) return;
    const others = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
    if (others.length) pinch(others[0], before, event);
    else drag(before.buttons & 6 || event.shiftKey ? "pan" : tool, event.clientX - before.clientX, event.clientY - before.clientY);
    fingers.set(event.pointerId, event);
  });
  ["pointerup", "pointercancel"].forEach((kind) => canvas.addEventListener(kind, (event) => {
    fingers.delete(event.pointerId);
    dragging = fingers.size > 0;
    draw();
  }));
  function pinch(still, before, after) {
    const far = (finger) => Math.hypot(finger.clientX - still.clientX, finger.clientY - still.clientY) || 1;
    zoom(far(after) / far(before));
    drag("pan", (after.clientX - before.clientX) / 2, (after.clientY - before.clientY) / 2);
  }
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (!grey) return;
    const box = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 500), event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2);
    draw();
  }, { passive: false });

  const keys = { w: () => choose("window"), p: () => choose("pan"), z: () => choose("zoom"), ",": () => turn(-1), ".": () => turn(1) };
  Object.entries({ i: "invert", r: "rotate", f: "flip", a: "fit", o: "actual", 0: "reset" }).forEach(([key, name]) => { keys[key] = () => act(name); });
  const arrows = { ArrowLeft: [-12, 0], ArrowRight: [12, 0], ArrowUp: [0, -12], ArrowDown: [0, 12] };
  function turn(by) { const next = picks[picks.indexOf(current()) + by]; if (next) open(next); }
  document.addEventListener("keydown", (event) => {
    if (window.firstread.typing(event)) return;
    if (arrows[event.key] && document.activeElement === canvas && grey) { event.preventDefault(); drag(tool, ...arrows[event.key]); }
    keys[event.key]?.();
  });
  document.querySelectorAll("[data-tool]").forEach((button) => button.addEventListener("click", () => choose(button.dataset.tool)));
  document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => act(button.dataset.do)));
  picks.forEach((pick) => pick.addEventListener("click", () => open(pick)));
  new ResizeObserver(draw).observe(canvas);

  window.viewer = {
    redraw: draw,
    image: () => current()?.dataset.image,
    lay: (laid) => { overlay = laid; draw(); },
  };
  if (picks.length) open(picks[0]);
})();

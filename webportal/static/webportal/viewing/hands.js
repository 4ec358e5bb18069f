// Pointers on a pane: drag with the chosen tool, pinch, the wheel, and the loupe that follows.
import { toFilm } from "./geometry.js";

// `tool` says which one is chosen; `chosen` hears that this pane was touched.
export function attach(pane, { tool, chosen }) {
  const { canvas } = pane;
  const fingers = new Map();
  let line = null; // the one that is being drawn

  const place = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const pans = (event) => event.buttons & 6 || event.shiftKey;

  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("pointerdown", (event) => {
    chosen();
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
    if (!pane.seen) return;
    pane.dragging = true;
    if (fingers.size > 1) drop();
    else if (tool() === "measure" && !pans(event)) line = pane.lines.begin(toFilm(place(event), pane.view));
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!pane.seen) return;
    if (pane.loupe) pane.moveLoupe(...place(event));
    if (!before) return;
    fingers.set(event.pointerId, event);
    const others = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
    if (others.length) pinch(others[0], before, event);
    else if (line) pane.lines.stretch(line, toFilm(place(event), pane.view));
    // A single finger that carries the loupe does not change the window under it.
    else if (!pane.loupe || event.pointerType !== "touch") move(pans(before) ? "pan" : tool(), event.clientX - before.clientX, event.clientY - before.clientY);
  });
  ["pointerup", "pointercancel"].forEach((kind) => canvas.addEventListener(kind, (event) => {
    fingers.delete(event.pointerId);
    pane.dragging = fingers.size > 0;
    drop();
    pane.draw();
  }));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (!pane.seen) return;
    const [x, y] = place(event);
    pane.zoom(Math.exp(-event.deltaY / 500), x - canvas.clientWidth / 2, y - canvas.clientHeight / 2);
    pane.draw();
  }, { passive: false });

  function drop() {
    if (line) pane.lines.settle(line);
    line = null;
  }

  function pinch(still, before, after) {
    const far = (finger) => Math.hypot(finger.clientX - still.clientX, finger.clientY - still.clientY) || 1;
    pane.zoom(far(after) / far(before));
    move("pan", (after.clientX - before.clientX) / 2, (after.clientY - before.clientY) / 2);
  }

  // By so many CSS pixels, with this tool; the arrow keys do the same.
  function move(how, dx, dy) {
    if (how === "pan") pane.pan(dx, dy);
    else if (how === "zoom") pane.zoom(Math.exp(-dy / 150));
    else if (how === "window") pane.level(dx, dy);
    pane.draw();
  }
  return move;
}

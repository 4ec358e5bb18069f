// Lines that are measured on a film: drawn by dragging, or by the space bar, their ends moved by pointer or arrow keys.
import { lengthWords, toFilm, toScreen } from "./geometry.js";

// CSS pixels: a shorter drag is a click; how far the words stand under a line; how wide a letter of them is.
const SHORTEST = 3, BELOW = 24, LETTER = 8.2;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function drawn(name, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

export class Lines {
  #lines = []; // {ends: [[x, y], [x, y]] on the film, group, line, words, handles}

  constructor(svg, pane) {
    this.svg = svg;
    this.pane = pane; // its `view`, `spacing` and `draw` are used
  }

  begin(point) { return this.#add([point, point]); }

  // Across the middle of what is seen, with its first end ready for the arrow keys.
  lay() {
    const { wide, high } = this.pane.view;
    const made = this.#add([0.375, 0.625].map((share) => toFilm([wide * share, high / 2], this.pane.view)));
    this.draw();
    made.handles[0].focus();
  }

  stretch(line, point) {
    line.ends[1] = point;
    this.pane.draw();
  }

  // A drag that went nowhere leaves no line.
  settle(line) {
    const [from, to] = line.ends.map((end) => toScreen(end, this.pane.view));
    if (Math.hypot(to[0] - from[0], to[1] - from[1]) < SHORTEST) this.#remove(line);
  }

  removeLast() { if (this.#lines.length) this.#remove(this.#lines.at(-1)); }

  clear() { while (this.#lines.length) this.removeLast(); }

  draw() {
    this.#lines.forEach(({ ends, line, words, handles }, i) => {
      const said = lengthWords(ends, this.pane.spacing);
      const [from, to] = ends.map((end) => toScreen(end, this.pane.view));
      Object.entries({ x1: from[0], y1: from[1], x2: to[0], y2: to[1] }).forEach(([key, value]) => line.setAttribute(key, value));
      const { wide, high } = this.pane.view, low = Math.max(from[1], to[1]) + BELOW;
      words.setAttribute("x", Math.max(4, Math.min(Math.min(from[0], to[0]), wide - LETTER * said.length)));
      words.setAttribute("y", low < high - 4 ? low : Math.min(from[1], to[1]) - BELOW / 2);
      words.textContent = said;
      [from, to].forEach(([x, y], end) => {
        handles[end].setAttribute("transform", `translate(${x} ${y})`);
        const label = end
          ? gettext("Line %(n)s, second end: %(length)s. Arrow keys move it, backspace removes the line.")
          : gettext("Line %(n)s, first end: %(length)s. Arrow keys move it, backspace removes the line.");
        handles[end].setAttribute("aria-label", interpolate(label, { n: i + 1, length: said }, true));
      });
    });
  }

  #add(ends) {
    const made = { ends, group: drawn("g"), line: drawn("line"), words: drawn("text"), handles: [0, 1].map(() => this.#handle()) };
    made.group.append(made.line, made.words, ...made.handles);
    made.handles.forEach((handle, end) => this.#grip(handle, made, end));
    this.svg.append(made.group);
    this.#lines.push(made);
    return made;
  }

  #handle() {
    const handle = drawn("g", { tabindex: 0, role: "button", class: "end-of-line" });
    handle.append(drawn("circle", { r: 12, class: "grip" }), drawn("circle", { r: 4, class: "dot" }));
    return handle;
  }

  #grip(handle, line, end) {
    const move = (point) => { line.ends[end] = toFilm(point, this.pane.view); this.pane.draw(); };
    handle.addEventListener("pointerdown", (event) => { event.preventDefault(); handle.focus(); handle.setPointerCapture(event.pointerId); });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = this.svg.getBoundingClientRect();
      move([event.clientX - box.left, event.clientY - box.top]);
    });
    handle.addEventListener("keydown", (event) => {
      if (["Backspace", "Delete"].includes(event.key)) this.#remove(line);
      else if (ARROWS[event.key]) {
        const [x, y] = toScreen(line.ends[end], this.pane.view), far = event.shiftKey ? 10 : 1;
        move([x + far * ARROWS[event.key][0], y + far * ARROWS[event.key][1]]);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  #remove(line) {
    const focused = line.group.contains(document.activeElement);
    line.group.remove();
    this.#lines = this.#lines.filter((each) => each !== line);
    if (focused) this.pane.canvas.focus();
    this.pane.draw();
  }
}

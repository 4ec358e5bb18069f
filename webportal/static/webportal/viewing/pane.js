// One pane: a film on black, how it is shown, and what stands in its corners.
import { lay, magnify } from "./drawing.js";
import { Lines } from "./lines.js";
import { Failed, filmOf, previewOf } from "./loading.js";
import { preset, windowOf, paint } from "./tones.js";

const MEGABYTE = 1e6;

export class Pane {
  pick = null; // the button of the picture that is shown
  overlay = null; // {image, picture, opacity, shown}
  loupe = null; // {x, y} in CSS pixels of the canvas
  dragging = false;
  #grey = null; // {width, height, values}
  #preview = null; // what is shown until the full depth is there
  #start = null; // the window the film came with
  #at = null; // {centre, width, zoom, x, y, turns, flipped, inverted, fitted}
  #film = document.createElement("canvas"); // the whole film, windowed; while a window is dragged, every `step`th pixel
  #painted = ""; // the window that it holds
  #loading = null;
  #due = false;

  constructor(box, changed) {
    this.box = box;
    this.canvas = box.querySelector("canvas");
    this.lines = new Lines(box.querySelector(".lines"), this);
    this.#changed = changed;
    this.part("retry").addEventListener("click", () => this.open(this.pick, { fresh: true }));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  #changed;

  part(name) { return this.box.querySelector(`[data-part=${name}]`); }
  get image() { return this.pick?.dataset.image; }
  get ready() { return Boolean(this.#grey); } // the full depth is there
  get seen() { return Boolean(this.#grey || this.#preview); }
  get inverted() { return Boolean(this.#at?.inverted); }
  get flipped() { return Boolean(this.#at?.flipped); }

  get spacing() {
    const { rowMm, columnMm, atDetector } = this.pick.dataset;
    return rowMm ? { row: Number(rowMm), column: Number(columnMm), atDetector: Boolean(atDetector) } : null;
  }

  // What `geometry.js` goes by.
  get view() {
    const { zoom, turns, flipped, x, y } = this.#at;
    return { ...this.#size, wide: this.canvas.clientWidth, high: this.canvas.clientHeight, zoom, turns, flipped, x, y };
  }

  get #size() {
    const { columns, rows } = this.pick.dataset;
    return this.#grey || { width: Number(columns), height: Number(rows) };
  }

  // Loading -----------------------------------------------------------------------------------------------------------
  async open(pick, { fresh = false } = {}) {
    this.#loading?.abort();
    const { signal } = this.#loading = new AbortController();
    if (pick !== this.pick) this.#forget(pick);
    this.part("problem").hidden = true;
    this.#changed(this);
    if (!pick.dataset.src) return this.#without();
    if (!this.seen) this.say(gettext("Loading the film…"));
    try {
      if (!this.#preview && pick.dataset.preview) this.#shown(await previewOf(pick.dataset.preview, signal));
      if (signal.aborted) return;
      this.#take(await filmOf(pick.dataset.src, { signal, fresh, told: (got, all) => this.#far(got, all) }));
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  #forget(pick) {
    this.#grey = this.#preview = this.#at = this.overlay = null;
    this.lines.clear();
    this.pick = pick;
    ["picture", "window", "overlay"].forEach((name) => { this.part(name).textContent = ""; });
    this.part("study").textContent = pick.dataset.prior || this.part("study").dataset.here;
    this.part("study").classList.toggle("past", Boolean(pick.dataset.prior));
    this.draw();
  }

  #shown(preview) {
    if (!preview || this.#loading.signal.aborted) return;
    this.#preview = preview;
    this.#at = upright();
    this.say("");
    this.#about();
    performance.mark("preview");
    this.draw();
  }

  #take(grey) {
    this.#grey = grey;
    this.#painted = "";
    this.#start = windowOf(grey, this.pick.dataset);
    this.#at = { ...(this.#at || upright()), ...this.#start }; // what was zoomed and turned meanwhile stays
    this.#preview = null;
    this.part("loading").hidden = true;
    this.say("");
    this.#about();
    this.draw();
    this.#changed(this);
  }

  // A picture that cannot be decoded yet: what its header says stands in its place.
  #without() {
    this.say("");
    this.#changed(this);
  }

  #about() { this.part("picture").innerText = this.pick.dataset.about.replace("|", "\n"); }

  #far(got, all) {
    this.part("loading").hidden = false;
    Object.assign(this.part("loading"), all ? { max: all, value: got } : {});
    const come = { got: (got / MEGABYTE).toFixed(1), all: (all / MEGABYTE).toFixed(1) };
    const said = interpolate(all ? gettext("%(got)s of %(all)s MB") : gettext("%(got)s MB"), come, true);
    this.part("window").innerText = this.#preview ? `${gettext("preview")}\n${said}` : said;
  }

  #fail(error) {
    const told = error instanceof Failed ? error : new Failed(gettext("The film cannot be shown."), gettext("Try again; if it stays, tell an administrator."), error);
    console.warn(told.cause?.message || told.message);
    this.say("");
    this.part("loading").hidden = true;
    this.part("window").innerText = this.seen ? gettext("preview") : "";
    const [view, size] = this.pick.dataset.about.split("|");
    const advice = this.seen ? `${gettext("The preview stays.")} ${told.advice}` : told.advice;
    const said = { reason: told.message, advice, view, size, syntax: this.pick.dataset.syntax };
    Object.entries(said).forEach(([name, words]) => { this.part("problem").querySelector(`[data-say=${name}]`).textContent = words; });
    this.part("problem").classList.toggle("low", this.seen);
    this.part("problem").hidden = false;
  }

  say(words) {
    this.part("state").textContent = words;
    this.part("state").hidden = !words;
  }

  // Drawing -----------------------------------------------------------------------------------------------------------
  draw() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => { this.#due = false; this.#now(); });
  }

  #now() {
    const box = this.canvas.getBoundingClientRect(), context = this.canvas.getContext("2d");
    const [wide, high] = [Math.round(box.width * devicePixelRatio), Math.round(box.height * devicePixelRatio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) [this.canvas.width, this.canvas.height] = [wide, high];
    context.clearRect(0, 0, wide, high);
    if (!this.seen || !wide) return;
    if (this.#at.fitted) this.#fit();
    if (this.#grey) this.#paint();
    const picture = this.#grey ? this.#film : this.#preview;
    const { zoom, turns, flipped, x, y } = this.#at;
    const shown = { ...this.#size, zoom, turns, flipped, x, y, picture, inverted: !this.#grey && this.inverted, overlay: this.#overlaid && this.overlay };
    lay(context, shown);
    if (this.loupe) magnify(context, shown, this.loupe);
    this.#corners();
    this.lines.draw();
  }

  #paint() {
    // What the screen cannot show anyway is left out while the hand moves; the whole film follows when it rests.
    const step = this.dragging ? Math.max(1, Math.floor(1 / (this.#at.zoom * devicePixelRatio))) : 1;
    const key = `${this.#at.centre}/${this.#at.width}/${this.#at.inverted}/${step}`;
    if (this.#painted === key) return;
    this.#painted = key;
    paint(this.#film, this.#grey, this.#at, step);
  }

  get #overlaid() { return this.overlay?.shown && this.overlay.image === this.image; }

  #corners() {
    const { centre, width, zoom, turns } = this.#at;
    const level = { width: Math.round(width), centre: Math.round(centre), zoom: zoom.toFixed(2) };
    // Translators: width and level (centre) of the window of greys, and how much the film is zoomed; in two short lines.
    if (this.#grey) this.part("window").innerText = interpolate(gettext("W %(width)s L %(centre)s\nzoom %(zoom)s"), level, true);
    else if (!this.part("window").textContent) this.part("window").textContent = gettext("preview");
    const turned = [
      this.inverted && gettext("inverted"),
      turns && interpolate(gettext("turned %(degrees)s°"), { degrees: 90 * turns }, true),
      this.flipped && gettext("flipped: left is right"),
    ];
    const looked = () => gettext("where the model looked,\nnot where disease is");
    const overlay = this.#overlaid ? looked() : document.body.matches(".blinded") ? "" : gettext("AI overlay off");
    this.part("overlay").innerText = [...turned, overlay].filter(Boolean).join("\n");
  }

  // What the tools do -------------------------------------------------------------------------------------------------
  #fit() {
    const { width, height } = this.#size, [wide, high] = this.#at.turns % 2 ? [height, width] : [width, height];
    const zoom = 0.98 * Math.min(this.canvas.clientWidth / wide, this.canvas.clientHeight / high);
    Object.assign(this.#at, { zoom, x: 0, y: 0, fitted: true });
  }

  reset() {
    this.#at = { ...upright(), ...this.#start };
    this.lines.clear();
  }

  zoom(factor, x = 0, y = 0) { // (x, y): the point that stays, from the middle of the canvas
    const to = Math.min(20, Math.max(0.02, this.#at.zoom * factor)), ratio = to / this.#at.zoom;
    Object.assign(this.#at, { zoom: to, x: x - (x - this.#at.x) * ratio, y: y - (y - this.#at.y) * ratio, fitted: false });
  }

  pan(dx, dy) { Object.assign(this.#at, { x: this.#at.x + dx, y: this.#at.y + dy, fitted: false }); }

  level(dx, dy) {
    if (!this.#grey) return;
    const step = this.#start.width / 400; // the whole window in about 400 pixels of dragging
    this.#at.width = Math.max(1, this.#at.width + dx * step);
    this.#at.centre -= dy * step;
  }

  preset(name) { if (this.#grey) Object.assign(this.#at, preset(name, this.#grey, this.#start)); }
  invert() { this.#at.inverted = !this.#at.inverted; }
  rotate() { this.#at.turns = (this.#at.turns + 1) % 4; }
  flip() { this.#at.flipped = !this.#at.flipped; }
  fit() { this.#at.fitted = true; }
  actual() { this.zoom(1 / devicePixelRatio / this.#at.zoom); }

  magnify() { this.loupe = this.loupe ? null : { x: this.canvas.clientWidth / 2, y: this.canvas.clientHeight / 2 }; }

  moveLoupe(x, y) {
    this.loupe = { x: Math.min(Math.max(0, x), this.canvas.clientWidth), y: Math.min(Math.max(0, y), this.canvas.clientHeight) };
    this.draw();
  }
}

function upright() { return { turns: 0, flipped: false, inverted: false, fitted: true, zoom: 1, x: 0, y: 0 }; }

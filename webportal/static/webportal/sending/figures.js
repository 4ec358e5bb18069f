// How far it is: the counts, the one bar, speed and time left.
import { duration, files, fill, megabytes, number, tenths } from "./words.js";

const WINDOW_MS = 10000, STEP_MS = 500;

// Files and bytes of the last ten seconds; a pause is not counted.
export class Pace {
  #marks = [];

  note(done, bytes) {
    const now = performance.now(), last = this.#marks.at(-1);
    if (last && now - last.now < STEP_MS) return;
    this.#marks.push({ now, done, bytes });
    while (now - this.#marks[0].now > WINDOW_MS) this.#marks.shift();
  }

  rest() { this.#marks = []; }

  // {files, bytes} a second, or null while too little is known.
  get speed() {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (!first || last.now - first.now < 900) return null;
    const seconds = (last.now - first.now) / 1000;
    return { files: (last.done - first.done) / seconds, bytes: (last.bytes - first.bytes) / seconds };
  }

  // What is left takes as long as its files, or its bytes, take: whichever is more.
  words(filesLeft, bytesLeft) {
    const { speed } = this;
    if (!speed || (!speed.files && !speed.bytes)) return "";
    const seconds = Math.max(speed.files ? filesLeft / speed.files : 0, speed.bytes ? bytesLeft / speed.bytes : 0);
    const rate = speed.files < 10 ? tenths(speed.files) : number(Math.round(speed.files));
    // Translators: how fast files are sent, as in 12 files/s, 3.4 MB/s, about 6 min left
    const said = gettext("%(rate)s files/s, %(size)s/s, about %(time)s left");
    return fill(said, { rate, size: megabytes(speed.bytes), time: duration(seconds) });
  }
}

export function paint(bar, counts) {
  const here = counts.duplicate + counts.skipped;
  const answered = counts.accepted + here + counts.refused, all = answered + counts.left || 1;
  let from = 0;
  for (const [selector, count] of [[".ok", counts.accepted], [".here", here], [".no", counts.refused]]) {
    const part = bar.querySelector(selector);
    part.setAttribute("x", 1000 * from / all);
    part.setAttribute("width", 1000 * count / all);
    from += count;
  }
  bar.setAttribute("aria-label", fill(
    // Translators: %(files)s is "812 files"
    gettext("%(n)s of %(files)s answered"), { n: number(answered), files: files(answered + counts.left) }));
}

export function write(box, counts) {
  for (const each of box.querySelectorAll("[data-count]")) {
    const words = number(counts[each.dataset.count] ?? 0);
    if (each.textContent !== words) each.textContent = words;
  }
}

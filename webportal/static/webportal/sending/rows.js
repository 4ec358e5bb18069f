// A row a file, as far as somebody has to look at it: those in flight in lanes of their own, what went wrong above the
// rest, and of the rest the latest. Five thousand rows would make the page slow, and nobody reads them.
import { element, fill, number } from "./words.js";

const LATEST = 60, BAD = 200, NAMES = 300;
const BANDS = {
  likely: ["▲", pgettext("band", "Likely"), "likely"],
  uncertain: ["◆", pgettext("band", "Uncertain"), "uncertain"],
  less_likely: ["▽", pgettext("band", "Less likely"), "less"],
};
const WORDS = {
  accepted: [pgettext("outcome of a file", "accepted"), "ok"],
  duplicate: [pgettext("outcome of a file", "already here"), "quiet"],
  conflict: [pgettext("outcome of a file", "in conflict"), "no"],
  rejected: [pgettext("outcome of a file", "rejected"), "no"],
};
const WOULD = { ...WORDS, accepted: [pgettext("outcome of a file", "would be taken"), "ok"] };

export class Rows {
  shown = new Map(); // receipt id -> item whose AI answer is awaited in a row
  #fresh = [];
  #sad = [];
  #leftOut = 0;
  #over = false;

  // parts: {lanes, bad, latest, more, leftOut} elements; study: id -> address; again(item): send it again; pending: how
  // the API says, in this page's language, that the AI has not looked yet.
  constructor(parts, { study, again, trial, pending }) {
    Object.assign(this, { parts, study, again, trial, pending });
    this.lanes = new Map();
  }

  // In flight: a lane is kept for whoever comes next, so that nothing jumps.
  begun(item) {
    let lane = [...this.parts.lanes.children].find((each) => !each.item);
    if (!lane) this.parts.lanes.append(lane = newLane());
    lane.item = item;
    this.lanes.set(item, lane);
    item.row?.remove();
    item.row = null;
  }

  landed(item) {
    const lane = this.lanes.get(item);
    this.lanes.delete(item);
    lane.item = null;
  }

  answered(item, receipt) {
    item.receipt = receipt;
    if (receipt.outcome === "skipped") this.#skip(item);
    else if (WORDS[receipt.outcome][1] === "no") this.failed(item);
    else this.#fresh.push(item);
  }

  archived(item) {
    item.archived = true;
    this.#fresh.push(item);
  }

  failed(item) { this.#sad.push(item); }

  // Another item has taken its place.
  forget(item) {
    this.#sad = this.#sad.filter((each) => each !== item);
    if (item.row) this.#drop(item.row);
  }

  // Nothing is sent any more, so nothing can be sent again.
  close() {
    this.#over = true;
    for (const button of this.parts.bad.querySelectorAll("button")) button.remove();
  }

  // What changed since the last time, drawn; a few times a second, whatever the number of files.
  draw(answered) {
    for (const lane of this.parts.lanes.children) drawLane(lane);
    this.#put(this.#fresh, this.parts.latest, LATEST);
    this.#put(this.#sad, this.parts.bad, BAD);
    const rows = this.parts.latest.children.length + this.parts.bad.children.length;
    const gone = answered - rows - this.#leftOut;
    this.parts.more.hidden = gone <= 0;
    this.parts.more.textContent = fill(
      ngettext("%(n)s more file is on the batch page.", "%(n)s more files are on the batch page.", gone), { n: number(gone) });
  }

  rest() {
    if (!this.lanes.size) this.parts.lanes.replaceChildren();
  }

  // The AI's answer for a row that still stands here.
  scored(receipt) {
    const item = this.shown.get(receipt.id);
    if (!item) return;
    item.receipt = receipt;
    if (receipt.prediction || receipt.ai !== this.pending) this.shown.delete(receipt.id);
    if (item.row) item.row.lastChild.replaceChildren(this.#link(receipt));
  }

  #skip(item) {
    this.#leftOut += 1;
    const { leftOut } = this.parts;
    leftOut.hidden = false;
    leftOut.querySelector("summary").textContent = fill(
      ngettext("%(n)s file left out: a CD's viewer and its notes", "%(n)s files left out: a CD's viewer and its notes", this.#leftOut),
      { n: number(this.#leftOut) });
    const list = leftOut.querySelector("ul");
    if (list.children.length < NAMES) list.append(element("li", item.path, "name"));
    else leftOut.querySelector("p").textContent = fill(
      ngettext("and %(n)s more, on the batch page", "and %(n)s more, on the batch page", this.#leftOut - NAMES),
      { n: number(this.#leftOut - NAMES) });
  }

  #put(items, body, most) {
    for (const item of items.splice(0).slice(-most)) {
      if (!this.lanes.has(item)) body.prepend(this.#row(item));
    }
    while (body.children.length > most) this.#drop(body.lastChild);
  }

  #drop(row) {
    if (row.item.receipt) this.shown.delete(row.item.receipt.id);
    row.item.row = null;
    row.remove();
  }

  #row(item) {
    item.row?.remove();
    const row = element("tr"), what = element("td"), said = element("td", "", "said");
    row.append(element("td", item.path, "name"), what, said);
    [row.item, item.row] = [item, row];
    if (item.words) this.#sayFailed(item, what, said);
    else if (item.archived) what.append(
      // Translators: an archive that has arrived
      element("span", gettext("received"), "ok"), " ", element("span", gettext("its files are answered on the batch page"), "quiet"),
    );
    else this.#sayReceipt(item, what, said);
    return row;
  }

  #sayFailed(item, what, said) {
    what.append(element("span", item.words, "no"));
    if (!item.file || this.#over) return;
    const again = element("button", gettext("Retry"), "btn-link");
    again.type = "button";
    again.setAttribute("aria-label", fill(gettext("Retry %(name)s"), { name: item.path }));
    again.addEventListener("click", () => this.again(item));
    said.append(again);
  }

  #sayReceipt(item, what, said) {
    const { receipt } = item;
    const [words, style] = (this.trial() ? WOULD : WORDS)[receipt.outcome];
    what.append(element("span", words, style));
    const told = receipt.outcome !== "accepted" || receipt.reason;
    if (told && receipt.reason !== "same_file") what.append(" ", element("span", receipt.sentence, "quiet"));
    if (!receipt.study) return;
    said.append(this.#link(receipt));
    if (!receipt.prediction && receipt.ai === this.pending) this.shown.set(receipt.id, item);
  }

  #link(receipt) {
    const link = element("a");
    link.href = this.study(receipt.study);
    const found = receipt.prediction && BANDS[receipt.prediction.band];
    if (!found) {
      link.append(element("span", receipt.ai || gettext("Open the study"), "quiet"));
      return link;
    }
    const { score, model, research_use: use } = receipt.prediction;
    const band = element("span", "", `band ${found[2]}`), shape = element("i", found[0]);
    shape.setAttribute("aria-hidden", "true");
    band.append(shape, `${found[1]} ${score ?? ""}`.trim());
    band.title = fill(
      gettext("Score of 0 to 100; model %(name)s %(version)s. %(use)s"), { name: model.name, version: model.version, use });
    link.append(band);
    return link;
  }
}

function newLane() {
  const lane = element("tr", "", "lane"), what = element("td"), bar = element("progress", "", "progress");
  [bar.max, bar.value] = [1, 0];
  bar.setAttribute("aria-label", gettext("How much of this file is sent"));
  what.append(bar);
  lane.append(element("td", "", "name"), what, element("td", "", "said quiet"));
  return lane;
}

function drawLane(lane) {
  const { item } = lane;
  lane.classList.toggle("idle", !item);
  if (!item) return;
  if (lane.firstChild.textContent !== item.path) lane.firstChild.textContent = item.path;
  const bar = lane.querySelector("progress");
  if (bar.value !== item.share) bar.value = item.share;
  const words = item.share < 1 ? (item.part ? gettext("sending, in pieces") : gettext("sending")) : gettext("being opened");
  if (lane.lastChild.textContent !== words) lane.lastChild.textContent = words;
}

// The upload page: what is chosen goes to the API a few files at a time, and the page says what became of each.
import { choosing } from "./sending/choosing.js";
import { Batch } from "./sending/batch.js";
import { Pace, paint, write } from "./sending/figures.js";
import { Keys } from "./sending/keys.js";
import { giveUp, inPieces, PIECES_FROM_B } from "./sending/pieces.js";
import { isManifest, Table } from "./sending/manifest.js";
import { ask, BY_ITSELF, whole } from "./sending/requests.js";
import { Rows } from "./sending/rows.js";
import { far, LATE, news } from "./sending/saying.js";
import { Sender } from "./sending/sender.js";
import { stopping } from "./sending/stopping.js";
import { Trial } from "./sending/trial.js";
import { element, fill, number } from "./sending/words.js";

const form = document.getElementById("upload");
const at = (id) => document.getElementById(id);
const page = (name, id) => form.dataset[name].replace(/0{8}-.*0{12}/, id);
const DRAW_EVERY_MS = 250, LOOK_EVERY_MS = 2500, ROWS_A_LOOK = 60, KEYS_AT_ONCE = 250;
const UNSETTLED = ["pending", "leased"];
const LOST = gettext("not sent: this cannot be read from the disk; choose it again");

// A form for everybody, a drop zone where there is a script.
form.querySelectorAll(".plain").forEach((each) => { each.hidden = true; });
form.querySelectorAll(".scripted").forEach((each) => { each.hidden = false; });
at("files").required = false;

const totals = { files: 0, bytes: 0, done: 0, doneBytes: 0, known: 0 };
const local = { accepted: 0, duplicate: 0, refused: 0, skipped: 0, archives: 0 };
const keys = new Keys(), pace = new Pace(), table = new Table(at("manifest"));
let server = null, stale = true, leaving = false, preparing = 0, reading = 0, closed = "", late = "";

const batch = new Batch(form), trial = new Trial(at("trial"), at("heard"), () => draw.soon());
const rows = new Rows(
  { lanes: at("lanes"), bad: at("bad"), latest: at("latest"), more: at("more"), leftOut: at("left-out") },
  { study: (id) => page("studyPage", id), again: (item) => { sender.failed.delete(item); sender.add([item]); }, trial: () => batch.trial, pending: form.dataset.pending },
);
const sender = new Sender({
  fly(item, moved) {
    const how = { batches: form.dataset.batches, batch: batch.id, moved, parts: form.dataset.parts, tus: form.dataset.tus };
    return item.file.size > PIECES_FROM_B ? inPieces(item, how) : whole(item, how);
  },
  begun(item) { item.words = ""; rows.begun(item); },
  rested(item) { rows.landed(item); },
  taken: receive,
  failed(item) { rows.failed(item); },
  dropped: giveUp,
  closed(sentence) { close(sentence); sender.stop(); },
  changed: () => draw.soon(),
});

// Choosing ------------------------------------------------------------------------------------------------------

choosing({ drop: at("drop"), inputs: [at("files"), at("folder")], chosen, counted: (count) => { reading = count; draw.soon(); } });
at("choose-files").addEventListener("click", () => at("files").click());
at("choose-folder").addEventListener("click", () => at("folder").click());
form.addEventListener("submit", (event) => event.preventDefault());

let line = Promise.resolve(); // what is chosen later waits for what was chosen before
function chosen(found) {
  reading = 0;
  if (closed && found.length) late = LATE;
  draw.soon();
  if (!found.length || closed) return;
  preparing += found.length;
  batch.chosen = true;
  at("whole").hidden = false;
  at("drop").classList.add("small");
  const items = found.map(({ file, path }) => ({ file, path, share: 0 }));
  line = line.then(() => prepare(items)).catch((error) => refuse(items, error)).finally(() => { preparing -= found.length; draw.soon(); });
}

// Size and time of a file are asked of the disk: of thousands in portions, so that the page stays awake.
async function measure(items) {
  for (let from = 0; from < items.length; from += KEYS_AT_ONCE) {
    for (const item of items.slice(from, from + KEYS_AT_ONCE)) {
      if (!item.file) continue;
      item.key = keys.of(item.path, item.file);
      if (isManifest(item)) continue;
      totals.files += 1;
      totals.bytes += item.file.size;
    }
    draw.soon();
    await new Promise((next) => setTimeout(next));
  }
}

async function prepare(items) {
  const lost = items.filter((item) => !item.file), there = items.filter((item) => item.file);
  replace(there);
  totals.files += lost.length;
  await measure(items);
  for (const item of lost) sender.fail(item, LOST, true);
  draw.soon();
  if (!there.length) return;
  const films = await begin(there.filter((item) => !isManifest(item)));
  for (const item of there.filter(isManifest)) await table.send(item, `${form.dataset.batches}/${batch.id}/manifest`, sender);
  sender.add(films);
}

// What the disk did not give is chosen again: in its folder, or by itself.
function replace(items) {
  const paths = new Set(items.map((item) => item.path));
  for (const item of sender.failed) {
    if (!item.unread || !(paths.has(item.path) || paths.has(item.path.split("/").at(-1)))) continue;
    sender.failed.delete(item);
    rows.forget(item);
    totals.files -= 1;
    totals.bytes -= item.file?.size || 0;
  }
}

// The batch, new or taken up again; gives the films that are not there yet.
async function begin(films) {
  const steady = (request) => sender.steady(request);
  let there = null;
  if (batch.resumed) there = await batch.known(films, steady);
  else if (batch.offered && !batch.id) there = await batch.takeUp(films, steady);
  if (!batch.id) await batch.begin(steady);
  title();
  if (!there) return films;
  for (const item of films) item.part = there.parts[item.key]?.url || null;
  return films.filter((item) => {
    const receipt = there.receipts[item.key], archive = there.archives[item.key];
    if (!receipt && !archive) return true;
    totals.known += 1;
    receive(item, { receipts: receipt ? [receipt] : [], archives: [archive] });
    return false;
  });
}

function refuse(items, error) {
  for (const item of items) {
    if (!item.file || item.receipt || isManifest(item) || closed) continue;
    sender.fail(item, fill(gettext("not sent: %(why)s"), { why: error.message }));
  }
}

// What became of them -------------------------------------------------------------------------------------------

function receive(item, { receipts, archives }) {
  totals.done += 1;
  totals.doneBytes += item.file.size;
  const [receipt] = receipts;
  if (!receipt) {
    local.archives += 1;
    stale = true; // its entries are counted by the server, which has not said so yet
    rows.archived(item, archives[0]);
    return;
  }
  const refused = receipt.outcome === "rejected" || receipt.outcome === "conflict";
  local[refused ? "refused" : receipt.outcome] += 1;
  rows.answered(item, receipt);
  if (receipt.study && totals.files === 1 && !preparing && !reading && !batch.trial && "opensSingle" in form.dataset) {
    leaving = true;
    location.assign(page("studyPage", receipt.study));
  }
}

let looking = false;
async function look() {
  looking = false;
  if (!sender.paused && !sender.hold) {
    stale = false;
    const answer = await ask(`${form.dataset.batches}/${batch.id}`, BY_ITSELF);
    if (answer.status === 200) server = answer.body.progress; else stale = true;
    const ids = [...rows.shown.keys()].slice(0, ROWS_A_LOOK);
    if (ids.length) {
      const found = await ask(`${form.dataset.batches}/${batch.id}/receipts?size=${ROWS_A_LOOK}&${ids.map((id) => `id=${id}`).join("&")}`, BY_ITSELF);
      if (found.status === 200) for (const receipt of found.body.results) rows.scored(receipt);
    }
    draw.soon();
  }
  again();
}

// The server is asked as long as something may change by itself.
function again() {
  if (looking || !batch.id || !(busy() || stale || !server?.settled)) return;
  looking = true;
  setTimeout(look, LOOK_EVERY_MS);
}

function close(words) {
  closed = words;
  rows.close();
  draw.soon();
}

const busy = () => preparing + sender.left + reading > 0;
const unpacking = () => local.archives > 0 && (stale || server?.packed > 0 || server?.archives.some((job) => UNSETTLED.includes(job.state)));
const finished = () => Boolean(batch.id) && !busy() && !unpacking();

// How far it is -------------------------------------------------------------------------------------------------

function title() {
  at("options").hidden = true;
  at("title").textContent = batch.title;
  at("class").textContent = batch.label.toLocaleUpperCase(document.documentElement.lang);
  at("class").classList.add(batch.priority);
  at("dry").hidden = !batch.trial;
  if (batch.trial) at("accepted-words").textContent = pgettext("files", "would be taken");
  for (const each of document.querySelectorAll("#counts .scored")) each.hidden = batch.trial;
  at("batch-link").href = page("batchPage", batch.id);
  at("batch-link").hidden = false;
}

function counts() {
  const all = { ...local, left: sender.left + sender.failed.size, screened: 0, likely: 0 };
  if (!server) return all;
  const { outcomes } = server;
  all.accepted = Math.max(all.accepted, outcomes.accepted);
  all.duplicate = Math.max(all.duplicate, outcomes.duplicate);
  all.refused = Math.max(all.refused, outcomes.rejected + outcomes.conflict);
  all.skipped = Math.max(all.skipped, outcomes.skipped);
  all.left += server.packed;
  [all.screened, all.likely] = [server.screened, server.bands.likely];
  at("likely").hidden = all.likely === undefined; // hidden from who has to find first
  return all;
}

function show() {
  const all = counts(), waits = sender.paused || sender.hold;
  write(at("counts"), all);
  paint(at("bar"), { ...all, left: all.left + (closed && !busy() ? totals.files - totals.done : 0) });
  rows.draw(totals.done + sender.failed.size);
  if (!sender.flying.size) rows.rest();
  again();
  if (waits || !sender.left) pace.rest(); else pace.note(totals.done - totals.known, totals.doneBytes + inFlight());
  tell(all);
  const left = busy() || sender.failed.size;
  const { again: mendable } = sender;
  hide({ again: busy(), pause: !busy(), retry: !mendable.length || Boolean(closed), cancel: !left || Boolean(closed) });
  at("batch-link").classList.toggle("btn-primary", !left && !batch.trial);
  button(at("pause"), sender.paused ? gettext("Resume") : gettext("Pause"), "p");
  button(at("retry"), fill(ngettext("Retry %(n)s failed", "Retry %(n)s failed", mendable.length), { n: number(mendable.length) }), "r");
  remember();
  if (batch.trial && finished()) trial.show(page("trial", batch.id), `${totals.done}/${server?.files}`);
}

// Whoever stood on a button that goes finds the focus on another one.
function hide(buttons) {
  const held = document.activeElement;
  for (const [id, hidden] of Object.entries(buttons)) at(id).hidden = hidden;
  if (held?.hidden) Object.keys(buttons).map(at).find((each) => !each.hidden)?.focus({ preventScroll: true });
}

// Said aloud: what stops the sending, once, and its end; not each file.
function tell(all) {
  const bytes = totals.bytes - totals.doneBytes - inFlight();
  const words = far({ reading, closed, preparing, totals, sender, pace, left: all.left, bytes, unpacking: unpacking() });
  const told = late || news(sender, sender.left + preparing);
  if (ended(all) && at("pace").textContent !== words) at("heard").textContent = words;
  at("pace").textContent = words;
  at("news").hidden = !told;
  if (at("news").textContent === told) return;
  at("news").textContent = told;
  at("heard").textContent = told || (busy() ? gettext("Sending goes on.") : words);
}

function ended(all) {
  if (closed) return !busy();
  return finished() && !all.left && totals.files > 0 && !batch.trial; // a dry run has its own sentence
}

function remember() {
  const over = Boolean(closed) || leaving || (finished() && !sender.failed.size && !batch.trial);
  batch.keep({ total: totals.files, answered: totals.done, over });
}

function button(it, words, key) {
  if (it.dataset.words === words) return;
  it.dataset.words = words;
  it.replaceChildren(`${words} `, element("kbd", key));
}

const inFlight = () => [...sender.flying].reduce((sum, item) => sum + item.share * item.file.size, 0);

const draw = { timer: null, soon() { draw.timer ||= setTimeout(() => { draw.timer = null; show(); if (sender.left && !sender.paused) draw.soon(); }, DRAW_EVERY_MS); } };

// Hands ---------------------------------------------------------------------------------------------------------

const turn = () => { if (sender.paused) sender.resume(); else sender.pause(); };
at("pause").addEventListener("click", turn);
at("retry").addEventListener("click", () => sender.retry());
document.addEventListener("keydown", (event) => {
  if (window.firstread.typing(event)) return;
  if (event.key === "o") at("files").click();
  if (event.key === "f") at("folder").click();
  if (event.key === "p" && !at("pause").hidden) turn();
  if (event.key === "r" && !at("retry").hidden) sender.retry();
});

stopping({ button: at("cancel"), dialog: at("stop"), sender, batch, batches: form.dataset.batches, arrived: () => totals.done, closed: (words, over) => {
  close(words);
  [trial.over, at("trial").hidden] = [over, over];
} });
at("trial").addEventListener("submit", () => { leaving = !busy(); });
batch.offer(at("offer"), (id) => page("batchPage", id));
window.addEventListener("pagehide", () => { remember(); batch.letGo(); });
window.addEventListener("beforeunload", (event) => { if (!leaving && busy()) event.preventDefault(); });

// The drop zone: files, folders and ZIPs go to the API one by one, a few in flight; what became of each stands in its row.
import { PENDING, duration, element, paint, plural, rowOf, sayArchive, sayBand, sayOutcome, sayWaits, trim } from "./upload-rows.js";

const form = document.getElementById("upload");
const at = (id) => document.getElementById(id);
const files = at("files"), folder = at("folder"), drop = at("drop"), rows = at("rows");

const IN_FLIGHT = 4, LOOK_EVERY_MS = 2000, RECEIPTS_A_LOOK = 100;
const TRY_AGAIN = {
  0: "not sent: no connection",
  401: "not sent: you are logged out; log in again in another tab",
  403: "not sent: your roles or this session do not allow it; load the page again",
  507: "not sent: the storage is full",
};

const queue = [], waiting = new Map(); // waiting: receipt id -> item, for the AI's answer
const totals = { files: 0, sent: 0, begun: 0 };
const local = { accepted: 0, duplicate: 0, refused: 0, skipped: 0, failed: 0 };
let batch = null, beginning = null, flying = 0, server = null, timer = null;

// A form for everybody, a drop zone where there is a script.
form.querySelectorAll(".plain").forEach((each) => { if (each.contains(files)) files.parentElement.hidden = true; else each.hidden = true; });
form.querySelectorAll(".scripted").forEach((each) => { each.hidden = false; });
files.required = false;

// Choosing ------------------------------------------------------------------------------------------------------

at("choose-files").addEventListener("click", () => files.click());
at("choose-folder").addEventListener("click", () => folder.click());
for (const input of [files, folder]) {
  input.addEventListener("change", () => {
    add([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
    input.value = "";
  });
}
form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  if (window.firstread.typing(event)) return;
  if (event.key === "o") files.click();
  if (event.key === "f") folder.click();
  if (event.key === "r" && !at("retry").hidden) retryAll();
});

let walking = false; // a dropped folder is still being read: more files may come
let depth = 0; // dragenter and dragleave come for every child as well
window.addEventListener("dragenter", () => { depth += 1; drop.classList.add("over"); });
window.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) drop.classList.remove("over"); });
window.addEventListener("dragover", (event) => event.preventDefault());
window.addEventListener("drop", async (event) => {
  event.preventDefault();
  depth = 0;
  drop.classList.remove("over");
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const loose = [...event.dataTransfer.files];
  if (!entries.length) return add(loose.map((file) => ({ file, path: file.name })));
  walking = true;
  for (const entry of entries) await walk(entry);
  walking = false;
});

async function walk(entry) {
  if (entry.isFile) {
    const file = await new Promise((done, failed) => entry.file(done, failed)).catch(() => null);
    if (file) add([{ file, path: entry.fullPath.replace(/^\//, "") }]);
    return;
  }
  const reader = entry.createReader();
  const next = () => new Promise((done, failed) => reader.readEntries(done, failed));
  // A folder is read in portions of about 100.
  for (let found = await next(); found.length; found = await next()) for (const each of found) await walk(each);
}

// Sending -------------------------------------------------------------------------------------------------------

function add(items) {
  if (!items.length) return;
  totals.files += items.length;
  queue.push(...items);
  at("whole").hidden = false;
  drop.classList.add("small");
  totals.begun ||= performance.now();
  show();
  pump();
}

async function pump() {
  if (!batch && !(await begin())) return;
  while (flying < IN_FLIGHT && queue.length) send(queue.shift());
  if (!timer) timer = setTimeout(look, LOOK_EVERY_MS);
}

const siteName = () => (form.querySelector("[data-site]") || form.elements.site.selectedOptions[0]).textContent;
const token = () => form.elements.csrfmiddlewaretoken.value;

function begin() {
  const chosen = form.querySelector("[name=priority]:checked");
  const body = { site: form.elements.site.value, priority: chosen.dataset.label, name: form.elements.name.value };
  const ask = () => fetch(form.dataset.batches, {
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
  });
  beginning ||= ask().then(async (answer) => {
    if (!answer.ok) throw new Error((await answer.json()).error.sentence);
    batch = await answer.json();
    // What was chosen holds for the whole batch, and stands in its head from here on.
    at("options").hidden = true;
    at("title").textContent = batch.name || siteName();
    at("class").textContent = batch.priority.toUpperCase();
    at("class").classList.add(batch.priority);
    at("batch-link").href = form.dataset.batchPage.replace(/0{8}-.*0{12}/, batch.id);
    return true;
  }).catch((error) => {
    beginning = null;
    at("heard").textContent = at("pace").textContent = `Nothing was sent yet. ${error.message}`;
    for (const item of queue.splice(0)) fail(item, `not sent: ${error.message}`);
    show();
    return false;
  });
  return beginning;
}

function send(item) {
  flying += 1;
  item.row ||= newRow(item);
  item.said.replaceChildren();
  const bar = element("progress", "", "progress");
  bar.max = 1;
  bar.value = 0;
  item.what.replaceChildren(bar);
  const request = new XMLHttpRequest();
  request.open("POST", `${form.dataset.batches}/${batch.id}/files?list=true`);
  request.setRequestHeader("X-CSRFToken", token());
  request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; };
  request.upload.onload = () => item.said.replaceChildren(element("span", "being opened", "quiet"));
  request.onloadend = () => landed(item, request);
  const body = new FormData();
  body.append("file", item.file);
  body.append("name", item.path);
  request.send(body);
}

function landed(item, request) {
  flying -= 1;
  const answer = read(request);
  if (answer) {
    totals.sent += 1;
    if (answer.receipts.length) receive(item, answer.receipts[0]);
    else sayArchive(item);
  } else {
    fail(item, TRY_AGAIN[request.status] || "not sent: FirstRead could not take it just now");
  }
  show();
  pump();
}

function read(request) {
  if (request.status !== 200 && request.status !== 201) return null;
  try { return JSON.parse(request.responseText); } catch { return null; }
}

function fail(item, words) {
  item.row ||= newRow(item);
  item.failed = true;
  local.failed += 1;
  item.what.replaceChildren(element("span", words, "no"));
  const again = element("button", "Retry", "btn-link");
  again.type = "button";
  again.addEventListener("click", () => { retry(item); pump(); });
  item.said.replaceChildren(again);
}

function retry(item) {
  if (!item.failed) return;
  item.failed = false;
  local.failed -= 1;
  queue.push(item);
  sayWaits(item);
  show();
}

const failed = new Set();
function retryAll() {
  for (const item of [...failed]) retry(item);
  pump();
}
at("retry").addEventListener("click", retryAll);

function receive(item, receipt) {
  const refused = receipt.outcome === "rejected" || receipt.outcome === "conflict";
  local[refused ? "refused" : receipt.outcome] += 1;
  item.refused = refused;
  sayOutcome(item, receipt);
  if (!receipt.study) return;
  if (totals.files === 1 && !walking && "opensSingle" in form.dataset) {
    leaving = true;
    location.assign(study(receipt.study));
    return;
  }
  sayBand(item, receipt, study(receipt.study));
  if (!receipt.prediction && receipt.ai === PENDING) waiting.set(receipt.id, item);
}

const study = (id) => form.dataset.studyPage.replace(/0{8}-.*0{12}/, id);

function newRow(item) {
  const row = rowOf(item);
  rows.prepend(row);
  const gone = totals.files - queue.length - trim(rows);
  at("more").hidden = gone <= 0;
  at("more").textContent = `${plural(gone, "more file is", "more files are")} on the batch page.`;
  return row;
}

// How far it is -------------------------------------------------------------------------------------------------

async function ask(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}

async function look() {
  timer = null;
  try {
    server = (await ask(`${form.dataset.batches}/${batch.id}`)).progress;
    const ids = [...waiting.keys()].slice(0, RECEIPTS_A_LOOK);
    if (ids.length) {
      const page = await ask(`${form.dataset.batches}/${batch.id}/receipts?size=${RECEIPTS_A_LOOK}&${ids.map((id) => `id=${id}`).join("&")}`);
      for (const receipt of page.results) {
        sayBand(waiting.get(receipt.id), receipt, study(receipt.study));
        if (receipt.prediction || receipt.ai !== PENDING) waiting.delete(receipt.id);
      }
    }
  } catch { /* the next look says more */ }
  show();
  if (flying || queue.length || !server || !server.settled) timer ||= setTimeout(look, LOOK_EVERY_MS);
}

function show() {
  const counts = { ...local, left: queue.length + flying + local.failed, screened: 0, likely: 0 };
  if (server) {
    const { outcomes } = server;
    counts.accepted = Math.max(counts.accepted, outcomes.accepted);
    counts.duplicate = Math.max(counts.duplicate, outcomes.duplicate);
    counts.refused = Math.max(counts.refused, outcomes.rejected + outcomes.conflict);
    counts.skipped = Math.max(counts.skipped, outcomes.skipped);
    counts.left += server.packed;
    counts.screened = server.screened;
    counts.likely = server.bands.likely;
  }
  for (const each of at("counts").querySelectorAll("[data-count]")) each.textContent = counts[each.dataset.count].toLocaleString("en");
  paint(at("bar"), counts);
  pace(counts);
  failed.clear();
  for (const row of rows.children) if (row.item.failed) failed.add(row.item);
  at("retry").hidden = !failed.size;
  at("retry").replaceChildren(`Retry ${failed.size} `, element("kbd", "r"));
}

function pace(counts) {
  const busy = queue.length + flying;
  at("again").hidden = busy > 0;
  const seconds = (performance.now() - totals.begun) / 1000;
  const speed = totals.sent / Math.max(seconds, 0.1);
  if (busy) {
    const left = totals.sent > 2 ? `, about ${duration(busy / speed)} left` : "";
    at("pace").textContent = `${plural(totals.files, "file", "files")}; ${speed.toFixed(speed < 10 ? 1 : 0)} a second${left}`;
  } else if (batch) {
    const words = counts.left ? `${plural(totals.files, "file", "files")}; ${counts.left} to go` : `${plural(totals.files, "file", "files")}, all answered`;
    if (at("pace").textContent !== words) at("heard").textContent = words;
    at("pace").textContent = words;
  }
}

let leaving = false;
window.addEventListener("beforeunload", (event) => {
  if (!leaving && (queue.length || flying)) event.preventDefault();
});

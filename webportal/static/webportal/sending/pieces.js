// A large file in pieces, by tus-js-client: what a lost connection has brought stays, and the rest follows.
import { ask, token } from "./requests.js";

export const PIECES_FROM_B = 8 * 2 ** 20;
const TUS = "1.0.0";
const GONE = [404, 410];

let library; // 85 kB that most sendings never need
function load(address) {
  library ||= new Promise((loaded, failed) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => loaded(window.tus);
    script.onerror = () => { library = null; script.remove(); failed(new Error("no library")); };
    document.head.append(script);
  });
  return library;
}

// Gives {done, abort} like `whole`; `item.part`, the address of what is there already, outlives it.
export function inPieces(item, { batches, batch, moved, parts, tus }) {
  let upload = null, given = false, stop;
  const known = Boolean(item.part);
  const stopped = new Promise((resolve) => { stop = () => resolve({ status: 0, aborted: true }); });
  const sent = load(tus).then((library) => given ? { status: 0, aborted: true } : new Promise((landed) => {
    upload = new library.Upload(item.file, {
      // A known address has no second way: an error of a moment must not begin the file anew.
      ...(item.part ? { uploadUrl: item.part } : { endpoint: parts }),
      chunkSize: PIECES_FROM_B, retryDelays: null, storeFingerprintForResuming: false,
      metadata: { batch, name: item.path, key: item.key },
      onBeforeRequest: (request) => request.setHeader("X-CSRFToken", token()),
      onUploadUrlAvailable: () => { item.part = upload.url; },
      onProgress: (bytes, all) => moved(all ? bytes / all : 0),
      onSuccess: ({ lastResponse }) => landed(became(item, lastResponse, { batches, batch })),
      onError: (error) => landed(failed(item, error, known)),
    });
    upload.start();
  }), () => ({ status: 0 }));
  return { done: Promise.race([sent, stopped]), abort: () => { given = true; upload?.abort(); stop(); } };
}

// What came of a file that is not sent after all is of no use to anybody.
export function giveUp(item) {
  if (!item.part) return;
  ask(item.part, { method: "DELETE", headers: { "Tus-Resumable": TUS } });
  item.part = null;
}

// `known`: its address is of an earlier attempt.
function failed(item, error, known) {
  const answer = error.originalResponse;
  const status = answer ? answer.getStatus() : 0;
  if (GONE.includes(status)) item.part = null;
  // What is no more there, or stands elsewhere than we thought, is asked for again. A new file that is not taken is refused.
  if ((GONE.includes(status) && known) || (status === 409 && code(answer) === "offset")) return { status: 0, body: null, again: true };
  let body = null;
  try { body = JSON.parse(answer.getBody()); } catch { /* no sentence */ }
  return { status, body, wait: Number(answer?.getHeader("Retry-After")) || 0 };
}

function code(answer) {
  try { return JSON.parse(answer.getBody()).error.code; } catch { return ""; }
}

// The answer as a file sent in one request has it.
async function became(item, response, { batches, batch }) {
  let receipt = response.getHeader("Firstread-Receipt"), archive = response.getHeader("Firstread-Archive");
  if (!receipt && !archive) {
    // Whole, and not taken yet (the storage was full): an empty piece at its end asks for that.
    const headers = { "Tus-Resumable": TUS, "Upload-Offset": String(item.file.size) };
    const taken = await ask(item.part, { method: "PATCH", type: "application/offset+octet-stream", headers });
    if (taken.status !== 204) return taken;
    [receipt, archive] = [taken.headers.get("Firstread-Receipt"), taken.headers.get("Firstread-Archive")];
  }
  if (archive) return { status: 201, body: { receipts: [], archives: [{ id: archive }] } };
  const page = await ask(`${batches}/${batch}/receipts?id=${receipt}`);
  return page.status === 200 ? { status: 201, body: { receipts: page.body.results, archives: [] } } : page;
}

// Talking to the API. Every answer is {status, body, wait}; status 0: the connection broke; wait: Retry-After, seconds.
const STALLED_MS = 90000; // no byte moved, and no answer came

// What a page asks for by itself keeps nobody logged in.
export const BY_ITSELF = { headers: { "FirstRead-By-Itself": "yes" } };
export const token = () => window.firstread.token();

function read(text) {
  try { return JSON.parse(text); } catch { return null; }
}

export async function ask(address, { method = "GET", json, body, type, headers = {}, key } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (method !== "GET") sent["X-CSRFToken"] = token();
  if (json !== undefined) sent["Content-Type"] = "application/json";
  else if (type) sent["Content-Type"] = type;
  if (key) sent["Idempotency-Key"] = key;
  try {
    const answer = await fetch(address, { method, headers: sent, body: json === undefined ? body : JSON.stringify(json) });
    const wait = Number(answer.headers.get("Retry-After")) || 0;
    return { status: answer.status, body: read(await answer.text()), wait, headers: answer.headers };
  } catch {
    return { status: 0, body: null, wait: 0 };
  }
}

// One file in one request. Gives {done: a promise of the answer, abort}.
export function whole(item, { batches, batch, moved }) {
  const request = new XMLHttpRequest();
  let watch;
  const done = new Promise((landed) => {
    const stir = () => { clearTimeout(watch); watch = setTimeout(() => request.abort(), STALLED_MS); };
    request.open("POST", `${batches}/${batch}/files?list=true`);
    request.setRequestHeader("X-CSRFToken", token());
    request.setRequestHeader("Idempotency-Key", item.key);
    request.upload.onprogress = (event) => { stir(); moved(event.lengthComputable ? event.loaded / event.total : 0); };
    request.upload.onload = () => { stir(); moved(1); };
    request.onloadend = () => {
      clearTimeout(watch);
      const wait = request.status ? Number(request.getResponseHeader("Retry-After")) || 0 : 0;
      landed({ status: request.status, body: read(request.responseText), wait });
    };
    stir();
    const form = new FormData();
    form.append("file", item.file);
    form.append("name", item.path);
    request.send(form);
  });
  return { done, abort: () => request.abort() };
}

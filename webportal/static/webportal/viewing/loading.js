// Fetching a film: a small preview first, its full depth behind it with a count of the bytes; and words where it fails.
import { greyPng } from "./greypng.js";

const missing = () => gettext("Tell an administrator, who may have it sent again. Until then read it on the system that sent it.");

// What the reader is told: `reason`, and what to `do` about it.
export class Failed extends Error {
  constructor(reason, advice, cause) {
    super(reason, { cause });
    this.advice = advice;
  }
}

// A bitmap, or null: a film without one is only slower.
export async function previewOf(address, signal) {
  try {
    const answer = await fetch(address, { signal });
    return answer.ok ? await createImageBitmap(await answer.blob()) : null;
  } catch {
    return null;
  }
}

// {width, height, values}; `told(got, all)` hears of the bytes, `all` is 0 where nobody says. Raises Failed.
export async function filmOf(address, { signal, fresh, told }) {
  const data = await bytesOf(address, signal, fresh, told);
  try {
    return await greyPng(data);
  } catch (error) {
    throw new Failed(gettext("The stored picture is damaged."), missing(), error);
  }
}

async function bytesOf(address, signal, fresh, told) {
  let answer;
  try {
    answer = await fetch(address, { signal, cache: fresh ? "reload" : "default" });
    if (answer.ok && !answer.redirected) return await readAll(answer, told);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failed(gettext("The film did not come through: the connection broke off."), gettext("Try again; if it stays, tell an administrator."), error);
  }
  if (answer.redirected) throw new Failed(gettext("You are logged out."), gettext("Reload the page to log in again."));
  if (answer.status === 404) throw new Failed(gettext("The stored picture is missing."), missing());
  throw new Failed(gettext("FirstRead could not send the film just now."), gettext("Try again in a moment; if it stays, tell an administrator."));
}

async function readAll(answer, told) {
  const all = Number(answer.headers.get("Content-Length")) || 0;
  const parts = [];
  let got = 0;
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts).arrayBuffer();
    parts.push(value);
    told(got += value.length, all);
  }
}

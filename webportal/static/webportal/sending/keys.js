// The Idempotency-Key of a file: the same for the same file after a reload, and no name can be read from it.
// Not a cryptographic hash: crypto.subtle is missing on plain http, and nothing is kept secret by it.
export function hash128(text) {
  let [a, b, c, d] = [1779033703, 3144134277, 1013904242, 2773480762];
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ k, 597399067);
    b = c ^ Math.imul(b ^ k, 2869860233);
    c = d ^ Math.imul(c ^ k, 951274213);
    d = a ^ Math.imul(d ^ k, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  a ^= b ^ c ^ d;
  return [a, b ^ a, c ^ a, d ^ a].map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
}

// Two files of one path, size and time (two CDs that were burnt alike) are two: the second one's key says so, and
// FirstRead finds out by their bytes whether they are the same.
export class Keys {
  #times = new Map();

  of(path, file) {
    const key = hash128(`${path}\0${file.size}\0${file.lastModified}`);
    const times = (this.#times.get(key) || 0) + 1;
    this.#times.set(key, times);
    return times === 1 ? key : `${key}.${times}`;
  }
}

export function draw() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16).padStart(8, "0")).join("");
}

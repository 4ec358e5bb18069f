// The sender: a few files in flight, the others wait. What breaks is told apart: a lost connection, a full disk or a
// busy portal end by themselves, and so does the waiting; a logout or a quota waits for a person; the rest is the file's.
const IN_FLIGHT = 4;
const LONGEST_WAIT_S = 30, LONGEST_RETRY_AFTER_S = 120, FULL_WAIT_S = 15;
const BREAKS_A_FILE = 3;
const AWAY = [502, 503, 504];
const LOGGED_OUT = gettext("You were logged out. Log in again in another tab, then press Resume: nothing is lost.");
const UNREADABLE = gettext("not sent: the file was moved, changed or deleted since it was chosen; choose it again");

// house: fly(item, moved) -> {done, abort}; begun(item); rested(item); taken(item, body); failed(item); dropped(item); closed(sentence);
// changed().
export class Sender {
  queue = [];
  flying = new Set();
  failed = new Set();
  paused = null; // {kind, words}: a person ends it
  hold = null; // {kind, words, tries, trying}: it ends by itself
  ended = false;
  passed = 0;
  #waiting = [];

  constructor(house) {
    this.house = house;
    window.addEventListener("offline", () => { if (this.busy) this.#wait("offline", ""); this.house.changed(); });
    window.addEventListener("online", () => this.hold?.kind === "offline" && this.#try());
  }

  get busy() { return this.left + this.#waiting.length > 0; }
  get left() { return this.queue.length + this.flying.size; }
  // Those that may be sent again: what the disk did not give has to be chosen again.
  get again() { return [...this.failed].filter((item) => item.file); }

  add(items) {
    for (const item of items) if (this.ended) this.house.dropped(item); else this.queue.push(item);
    this.#go();
  }

  // Ask the API until it has answered for good: a lost connection or a logout is waited for.
  async steady(request) {
    for (;;) {
      if (!this.#open) await new Promise((go) => this.#waiting.push(go));
      if (this.ended) throw new Error(gettext("you stopped the sending"));
      const answer = await request();
      if (!this.#holds(answer)) { this.#free(); return answer; }
      this.house.changed();
    }
  }

  pause(kind = "person", words = "") {
    this.paused = { kind, words };
    for (const item of this.flying) if (item.part) item.flight.abort();
    this.house.changed();
  }

  resume() {
    this.paused = null;
    if (this.hold) this.#try(); else this.#go();
  }

  retry() {
    const { again } = this;
    for (const item of again) {
      this.failed.delete(item);
      [item.breaks, item.faults] = [0, 0];
    }
    this.add(again);
  }

  // What was not sent yet will not be.
  stop() {
    this.ended = true;
    for (const item of [...this.queue.splice(0), ...this.failed]) this.house.dropped(item);
    this.failed.clear();
    // What is there to its last byte is answered for, and counted, rather than cut off.
    for (const item of this.flying) if (item.part || item.share < 1) item.flight?.abort();
    this.paused = null;
    this.#free();
    this.#go();
  }

  // `unread`: the disk did not give it, so the same path chosen again takes its place.
  fail(item, words, unread = false) {
    [item.words, item.unread] = [words, unread];
    this.failed.add(item);
    this.house.failed(item);
  }

  get #open() { return !this.paused && (!this.hold || this.hold.trying); }

  #go() {
    this.house.changed();
    if (!this.#open) return;
    for (const go of this.#waiting.splice(0)) go();
    const most = this.hold ? Number(this.hold.trying) : IN_FLIGHT;
    while (this.flying.size < most && this.queue.length) this.#send(this.queue.shift());
  }

  async #send(item) {
    this.flying.add(item);
    item.share = 0;
    this.house.begun(item);
    item.flight = this.house.fly(item, (share) => { item.share = share; });
    const answer = await item.flight.done;
    this.flying.delete(item);
    item.flight = null;
    this.house.rested(item);
    await this.#land(item, answer);
    this.#go();
  }

  async #land(item, answer) {
    if (this.#taken(item, answer)) return;
    if (this.ended) return this.house.dropped(item);
    if (answer.aborted) { this.queue.unshift(item); return; }
    if (answer.again) { this.#free(); this.queue.unshift(item); return; }
    if (answer.status === 0 && !(await readable(item.file))) return this.#lost(item, UNREADABLE, true);
    if (answer.status === 0 && this.#alone(item)) return this.#lost(item, gettext("not sent: the connection broke on this file, not on others"));
    if (this.#holds(answer)) { this.queue.push(item); return; }
    this.#free(); // it was answered, so nothing holds the others
    this.#refused(item, answer);
  }

  // A file that could not be tried says nothing of the connection; after the last one nobody is left to try it.
  #lost(item, words, unread = false) {
    this.fail(item, words, unread);
    if (!this.left) this.#free();
  }

  #taken(item, answer) {
    if (answer.status !== 200 && answer.status !== 201 || !answer.body?.receipts) return false;
    this.passed += 1;
    this.#free();
    this.house.taken(item, answer.body);
    return true;
  }

  // Whether the connection breaks on this file again and again while others pass.
  #alone(item) {
    if (item.brokeAt !== undefined && this.passed > item.brokeAt) item.breaks = (item.breaks || 0) + 1;
    item.brokeAt = this.passed;
    return (item.breaks || 0) >= BREAKS_A_FILE;
  }

  #refused(item, answer) {
    const error = answer.body?.error || {};
    if (answer.status === 409 && /^batch_/.test(error.code)) { this.queue.unshift(item); this.house.closed(error.sentence); return; }
    if (error.code === "key_reused" && (item.reused = (item.reused || 0) + 1) < 5) {
      item.key = `${item.key.split("_")[0]}_${item.reused}`;
      this.queue.unshift(item);
      return;
    }
    if (answer.status >= 500 && (item.faults = (item.faults || 0) + 1) < BREAKS_A_FILE) { this.queue.push(item); return; }
    this.fail(item, interpolate(gettext("not sent: %(why)s"), { why: error.sentence || gettext("FirstRead could not take it") }, true));
  }

  // Whether this answer is about everything that is sent, not about one file: then the others wait too.
  #holds({ status, body, wait }) {
    const sentence = body?.error?.sentence || "";
    if (status === 0) this.#wait("offline", "");
    else if (AWAY.includes(status)) this.#wait("away", sentence);
    else if (status === 507) this.#wait("full", sentence, FULL_WAIT_S);
    else if (status === 429 && wait && wait <= LONGEST_RETRY_AFTER_S) this.#wait("busy", sentence, wait);
    else if (status === 429) this.pause("quota", sentence);
    else if (status === 401) this.pause("login", LOGGED_OUT);
    else if (status === 403) this.pause("login", sentence.includes("CSRF") ? LOGGED_OUT : sentence || LOGGED_OUT);
    else return false;
    return true;
  }

  #wait(kind, words, seconds) {
    if (this.ended) return;
    if (this.hold && !this.hold.trying) return; // the others in flight broke too: that is one break
    const tries = (this.hold?.tries || 0) + 1;
    const pause = seconds || Math.min(LONGEST_WAIT_S, 2 ** (tries - 1)) * (0.75 + Math.random() / 2);
    clearTimeout(this.hold?.timer);
    this.hold = { kind, words, tries, trying: false, timer: setTimeout(() => this.#try(), 1000 * pause) };
  }

  #try() {
    clearTimeout(this.hold.timer);
    this.hold.trying = true;
    this.#go();
  }

  #free() {
    clearTimeout(this.hold?.timer);
    this.hold = null;
  }
}

async function readable(file) {
  try { await file.slice(0, 1).arrayBuffer(); return true; } catch { return false; }
}

// The batch that is being sent: begun once whatever the connection does, remembered over a reload, taken up again.
import { draw } from "./keys.js";
import { forget, interrupted, remember } from "./memory.js";
import { lock, turn, unlock } from "./options.js";
import { ask } from "./requests.js";
import { clock, element, fill, number } from "./words.js";

const KEYS_A_QUESTION = 1000, REMEMBER_EVERY_MS = 2000;

export class Batch {
  id = "";
  trial = false;
  title = "";
  priority = "routine";
  label = ""; // the class as the page says it
  offered = null; // a sending that was interrupted, and may be taken up
  resumed = false;
  chosen = false; // what was chosen keeps the class and the site that the page showed then
  #kept = 0;
  #far = null;
  #key = draw();
  #begun = 0;

  constructor(form) {
    this.form = form;
    turn(form, false);
  }

  async begin(steady) {
    const { elements, dataset } = this.form;
    const chosen = this.form.querySelector("[name=priority]:checked"), dry = this.form.querySelector("[name=dry_run]:checked");
    const json = {
      site: elements.site.value, priority: chosen.dataset.label, name: elements.name.value,
      age_group: elements.age_group.value, dry_run: Boolean(dry.value),
    };
    const answer = await steady(() => ask(dataset.batches, { method: "POST", json, key: this.#key }));
    if (answer.status !== 200 && answer.status !== 201) throw new Error(sentence(answer));
    this.#begun = Date.now();
    this.#take(answer.body);
    this.#withdraw();
  }

  #take(found) {
    this.id = found.id;
    this.trial = found.dry_run;
    const site = this.form.querySelector("[data-site]") || [...this.form.elements.site.options].find((each) => each.value === found.site);
    this.title = found.name || site?.textContent || found.site;
    this.priority = found.priority;
    this.label = this.form.querySelector(`[name=priority][data-label="${found.priority}"]`)?.parentElement.textContent.trim() || found.priority;
  }

  // Which of these films are there already, by what an earlier page sent: {receipts, archives, parts} by key.
  async known(films, steady, batch = this.id) {
    const there = { receipts: {}, archives: {}, parts: {} };
    for (let from = 0; from < films.length; from += KEYS_A_QUESTION) {
      const keys = films.slice(from, from + KEYS_A_QUESTION).map((item) => item.key);
      const answer = await steady(() => ask(`${this.form.dataset.batches}/${batch}/known`, { method: "POST", json: { keys } }));
      if (answer.status !== 200) throw new Error(sentence(answer));
      for (const kind of Object.keys(there)) Object.assign(there[kind], answer.body[kind]);
    }
    return there;
  }

  // Go on with the batch that was offered, and say what of it is there. Other films are not its: then null.
  async takeUp(films, steady) {
    const { batch, at, answered } = this.offered, there = await this.known(films, steady, batch);
    if (answered && !Object.values(there).some((each) => Object.keys(each).length)) return null;
    const answer = await steady(() => ask(`${this.form.dataset.batches}/${batch}`));
    if (answer.status !== 200) throw new Error(sentence(answer));
    [this.#begun, this.resumed] = [at, true];
    this.#take(answer.body);
    this.#withdraw();
    return there;
  }

  // Remember how far it is; once all is answered there is nothing to remember.
  keep({ total, answered, over }) {
    if (!this.id) return;
    if (over) { this.end(); return; }
    this.#far = { user: this.form.dataset.user, at: this.#begun, total, answered };
    if (Date.now() - this.#kept < REMEMBER_EVERY_MS) return;
    this.#kept = Date.now();
    remember(this.id, this.#far);
  }

  end() {
    forget(this.id);
    this.#far = null;
  }

  // This page goes: another one may take the sending up at once.
  letGo() { if (this.#far) remember(this.id, this.#far, 0); }

  // Offer to go on with what an earlier page was at, if the batch still takes files.
  async offer(box, page) {
    const found = interrupted(this.form.dataset.user);
    if (!found) return;
    const answer = await ask(`${this.form.dataset.batches}/${found.batch}`);
    if (answer.status === 0 || answer.status >= 500 || this.chosen) return;
    const state = answer.status === 200 ? answer.body.state : "";
    const waits = state === "trial" && found.answered >= found.total;
    if (!["open", "trial"].includes(state) || (state === "open" && found.answered >= found.total)) { forget(found.batch); return; }
    this.offered = found;
    this.box = box;
    const [words, buttons] = box.children;
    const values = { time: clock(found.at), n: number(found.answered), total: number(found.total) };
    words.replaceChildren(element("b", fill(offered(state, waits), values)), waits
      ? gettext(": take its films, or discard them, on its page.")
      : gettext(": drop the same folder again to go on. What is here already is not sent again."));
    buttons.querySelector("a").href = page(found.batch);
    buttons.querySelector("button").addEventListener("click", () => this.#forget());
    lock(this.form, answer.body);
    box.hidden = false;
  }

  #forget() {
    forget(this.offered.batch);
    this.#withdraw();
    unlock(this.form);
    this.form.querySelector("#choose-files").focus();
  }

  #withdraw() {
    this.offered = null;
    if (this.box) this.box.hidden = true;
  }
}

// What was interrupted; a sending that is all answered is not offered, a dry run waits for its own answer then.
function offered(state, waits) {
  // Translators: %(time)s is a time of day; a sentence about what to do follows after a colon.
  if (waits) return gettext("A dry run of %(time)s waits for your answer");
  return state === "trial"
    ? gettext("A dry run of %(time)s was interrupted at %(n)s of %(total)s files")
    : gettext("A sending of %(time)s was interrupted at %(n)s of %(total)s files");
}

function sentence(answer) {
  const { fields = {}, sentence: said } = answer.body?.error || {};
  return Object.values(fields).flat()[0] || said || gettext("FirstRead could not take it just now");
}

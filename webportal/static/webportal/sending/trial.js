// The dry run's answer, once all of it is here: the same words and buttons as on the batch page.
import { BY_ITSELF } from "./requests.js";

const AGAIN_MS = 2500;

export class Trial {
  over = false;
  #shown = "";
  #told = false;

  // `again()`: this has to be shown once more.
  constructor(box, heard, again) { Object.assign(this, { box, heard, again }); }

  // `state` says what was answered so far: more files bring a new answer, and so does what is unpacked.
  async show(address, state) {
    if (this.over || this.#shown === state) return;
    this.#shown = state;
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true", ...BY_ITSELF.headers } });
      if (!answer.ok) throw new Error(answer.status);
      this.#put(await answer.text());
    } catch {
      this.#later();
    }
  }

  // The focus goes to the sentence once; a later answer leaves it where it is.
  #put(fragment) {
    const held = this.box.contains(document.activeElement) && document.activeElement.id;
    this.box.innerHTML = fragment;
    window.firstread.localise(this.box);
    const result = this.box.querySelector(".result"), grows = this.box.querySelector("[data-unpacking]");
    if (grows) this.#later();
    if (!grows || !this.#told) this.heard.textContent = result?.textContent || "";
    (this.#told ? held && document.getElementById(held) : result)?.focus?.({ preventScroll: true });
    this.#told = true;
  }

  #later() { setTimeout(() => { this.#shown = ""; this.again(); }, AGAIN_MS); }
}

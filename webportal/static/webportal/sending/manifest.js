// The list beside the films: it goes before them, and what is wrong in it is told by row.
import { ask } from "./requests.js";
import { element, number, plural } from "./words.js";

const TOLD = 200;
const NEXT = "Press Resume to send the films without it; or cancel, mend it, and drop them again.";

export const isManifest = ({ path }) => path.split("/").at(-1).toLowerCase() === "manifest.csv";

export class Table {
  #errors = [];
  #rows = 0;

  constructor(box) { this.box = box; }

  // One that cannot be read at all stops the sending: whose films these are, a person decides.
  async send(item, address, sender) {
    const body = new FormData();
    body.append("file", item.file);
    body.append("name", item.path);
    const answer = await sender.steady(() => ask(address, { method: "POST", body }));
    if (answer.status !== 200) {
      const { sentence = "it cannot be read.", fields = {} } = answer.body?.error || {};
      return sender.pause("manifest", `${item.path}: ${Object.values(fields).flat()[0] || sentence} ${NEXT}`);
    }
    this.#rows += answer.body.rows;
    this.#errors.push(...answer.body.errors);
    return this.#say();
  }

  #say() {
    const [head, list] = this.box.children, errors = this.#errors;
    const bad = errors.length ? `, ${plural(errors.length, "row has", "rows have")} an error: their films are not taken` : "";
    head.textContent = `Manifest: ${plural(this.#rows, "row is", "rows are")} used${bad}`;
    list.replaceChildren(...errors.slice(0, TOLD).map(({ row, column, sentence }) => {
      const said = element("li");
      said.append(element("b", `Row ${row}`, "no nowrap"), element("span", `${column ? `${column}: ` : ""}${sentence}`));
      return said;
    }));
    if (errors.length > TOLD) list.append(element("li", `and ${number(errors.length - TOLD)} more; mend the file and send it again`));
    this.box.hidden = false;
    this.box.open = errors.length > 0;
  }
}

// The list beside the films: it goes before them, and what is wrong in it is told by row.
import { ask } from "./requests.js";
import { element, fill, number } from "./words.js";

const TOLD = 200;
const NEXT = gettext("Press Resume to send the films without it; or cancel, mend it, and drop them again.");

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
      const { sentence = gettext("it cannot be read."), fields = {} } = answer.body?.error || {};
      return sender.pause("manifest", `${item.path}: ${Object.values(fields).flat()[0] || sentence} ${NEXT}`);
    }
    this.#rows += answer.body.rows;
    this.#errors.push(...answer.body.errors);
    return this.#say();
  }

  #say() {
    const [head, list] = this.box.children, errors = this.#errors;
    const used = fill(ngettext("Manifest: %(n)s row is used", "Manifest: %(n)s rows are used", this.#rows), { n: number(this.#rows) });
    const bad = errors.length ? fill(ngettext(
      // Translators: follows "Manifest: 12 rows are used"
      ", %(n)s row has an error: their films are not taken", ", %(n)s rows have an error: their films are not taken", errors.length,
    ), { n: number(errors.length) }) : "";
    head.textContent = used + bad;
    list.replaceChildren(...errors.slice(0, TOLD).map(({ row, column, sentence }) => {
      const said = element("li");
      said.append(element("b", fill(gettext("Row %(row)s"), { row }), "no nowrap"), element("span", `${column ? `${column}: ` : ""}${sentence}`));
      return said;
    }));
    const more = errors.length - TOLD;
    if (more > 0) list.append(element("li", fill(ngettext(
      "and %(n)s more; mend the file and send it again", "and %(n)s more; mend the file and send it again", more), { n: number(more) })));
    this.box.hidden = false;
    this.box.open = errors.length > 0;
  }
}

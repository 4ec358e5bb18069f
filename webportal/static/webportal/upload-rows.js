// A sent file's row, the bar over all of them, and the words of both.
export const PENDING = "AI pending";

const ROWS_KEPT = 100;
const BANDS = { likely: ["▲", "Likely", "likely"], uncertain: ["◆", "Uncertain", "uncertain"], less_likely: ["▽", "Less likely", "less"] };
const WORDS = { accepted: ["accepted", "ok"], duplicate: ["already here", "quiet"], conflict: ["in conflict", "no"], rejected: ["rejected", "no"], skipped: ["left out", "quiet"] };
const TOLD = ["withdrawn", "joined_withdrawn"]; // reasons whose sentence a row shows though nothing was refused

export function element(tag, text, style) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (style) made.className = style;
  return made;
}

export const plural = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
export const duration = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`);

export function rowOf(item) {
  const row = element("tr");
  item.what = element("td");
  item.said = element("td", "", "said");
  row.append(element("td", item.path, "name"), item.what, item.said);
  row.item = item;
  return row;
}

// Of thousands of rows those stay that somebody has to look at, and the latest; gives how many there are then.
export function trim(rows) {
  let kept = 0;
  for (const row of [...rows.children]) {
    const { item } = row;
    if (item.failed || item.refused || item.what.querySelector("progress")) continue;
    kept += 1;
    if (kept > ROWS_KEPT) row.remove();
  }
  return rows.children.length;
}

export function sayOutcome(item, receipt) {
  const [words, style] = WORDS[receipt.outcome];
  item.what.replaceChildren(element("span", words, style));
  if (style === "no" || TOLD.includes(receipt.reason)) item.what.append(" ", element("span", receipt.sentence, "quiet"));
  item.said.replaceChildren();
}

export function sayArchive(item) {
  item.what.replaceChildren(element("span", "received", "ok"), " ", element("span", "its files follow on the batch page", "quiet"));
  item.said.replaceChildren();
}

export function sayWaits(item) {
  item.what.replaceChildren(element("span", "waits", "quiet"));
  item.said.replaceChildren();
}

export function sayBand(item, receipt, address) {
  const link = element("a");
  link.href = address;
  const found = receipt.prediction && BANDS[receipt.prediction.band];
  if (found) {
    const { score, model, research_use: use } = receipt.prediction;
    const band = element("span", "", `band ${found[2]}`);
    const shape = element("i", found[0]);
    shape.setAttribute("aria-hidden", "true");
    band.append(shape, `${found[1]} ${score ?? ""}`.trim());
    band.title = `Score of 0 to 100; model ${model.name} ${model.version}. ${use}`;
    link.append(band);
  } else link.append(element("span", receipt.ai || "Open the study", "quiet"));
  item.said.replaceChildren(link);
}

// The bar in three parts: accepted, already here or left out, refused; what is left stays empty.
export function paint(bar, counts) {
  const here = counts.duplicate + counts.skipped;
  const answered = counts.accepted + here + counts.refused, all = answered + counts.left || 1;
  let from = 0;
  for (const [selector, count] of [[".ok", counts.accepted], [".here", here], [".no", counts.refused]]) {
    const part = bar.querySelector(selector);
    part.setAttribute("x", 1000 * from / all);
    part.setAttribute("width", 1000 * count / all);
    from += count;
  }
  bar.setAttribute("aria-label", `${answered} of ${answered + counts.left} files answered`);
}

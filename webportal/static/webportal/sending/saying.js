// What the page says of how far it is, and what a person has to know, or do, before it goes on.
import { files, fill, number } from "./words.js";

export const LATE = gettext("Not taken: this sending is over. Press Send more, and choose them there.");

export function far({ reading, closed, preparing, totals, sender, pace, left, bytes, unpacking }) {
  // Translators: here and below %(files)s is "812 files"
  if (reading) return fill(gettext("Reading the folder: %(files)s so far"), { files: files(reading) });
  const rest = totals.files - totals.done;
  const values = { done: number(totals.done), files: files(totals.files), rest: number(rest), left: number(left) };
  const of = fill(gettext("%(done)s of %(files)s"), values);
  if (closed) return `${fill(rest ? gettext("%(done)s of %(files)s sent, %(rest)s not sent.") : gettext("%(done)s of %(files)s sent."), values)} ${closed}`;
  if (sender.paused || sender.hold) return of;
  if (preparing) return fill(gettext("%(files)s; getting ready"), values);
  const words = sender.left ? pace.words(sender.left, bytes) : "";
  if (sender.left) return words ? `${of}; ${words}` : of;
  if (!totals.files) return "";
  if (left) return fill(gettext("%(files)s; %(left)s to go"), values);
  return fill(unpacking ? gettext("%(files)s sent; being unpacked") : gettext("%(files)s, all answered"), values);
}

export function news({ paused, hold }, left) {
  const n = { n: number(left) };
  if (paused) return paused.words || fill(ngettext("Paused: %(n)s file waits. Press Resume, or p, to go on.", "Paused: %(n)s files wait. Press Resume, or p, to go on.", left), n);
  if (hold?.kind === "offline") return fill(ngettext("No connection: %(n)s file waits; sending goes on by itself.", "No connection: %(n)s files wait; sending goes on by itself.", left), n);
  if (hold?.kind === "away" && !hold.words) return fill(ngettext("FirstRead does not answer just now: %(n)s file waits; sending goes on by itself.", "FirstRead does not answer just now: %(n)s files wait; sending goes on by itself.", left), n);
  return hold ? `${hold.words} ${fill(ngettext("%(n)s file waits: sending goes on by itself.", "%(n)s files wait: sending goes on by itself.", left), n)}` : "";
}

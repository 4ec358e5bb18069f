// What the page says of how far it is, and what a person has to know, or do, before it goes on.
import { files, number, plural } from "./words.js";

export const LATE = "Not taken: this sending is over. Press Send more, and choose them there.";

export function far({ reading, closed, preparing, totals, sender, pace, left, bytes, unpacking }) {
  if (reading) return `Reading the folder: ${files(reading)} so far`;
  const of = `${number(totals.done)} of ${files(totals.files)}`;
  const rest = totals.files - totals.done;
  if (closed) return `${of} sent${rest ? `, ${number(rest)} not sent` : ""}. ${closed}`;
  if (sender.paused || sender.hold) return of;
  if (preparing) return `${files(totals.files)}; getting ready`;
  const words = sender.left ? pace.words(sender.left, bytes) : "";
  if (sender.left) return words ? `${of}; ${words}` : of;
  if (!totals.files) return "";
  if (left) return `${files(totals.files)}; ${number(left)} to go`;
  return unpacking ? `${files(totals.files)} sent; being unpacked` : `${files(totals.files)}, all answered`;
}

export function news({ paused, hold }, left) {
  const wait = plural(left, "file waits", "files wait");
  if (paused) return paused.words || `Paused: ${wait}. Press Resume, or p, to go on.`;
  if (hold?.kind === "offline") return `No connection: ${wait}; sending goes on by itself.`;
  if (hold?.kind === "away") return `FirstRead does not answer just now: ${wait}; sending goes on by itself.`;
  return hold ? `${hold.words} ${wait}: sending goes on by itself.` : "";
}

// Small things that every part of the page says or makes.
export function element(tag, text, style) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (style) made.className = style;
  return made;
}

export const language = document.documentElement.lang;
export const number = (count) => count.toLocaleString(language);
export const tenths = (count) => count.toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
// A translated sentence with its values: fill(gettext("Row %(row)s"), { row: 3 }).
export const fill = (sentence, values) => interpolate(sentence, values, true);
export const files = (count) => fill(ngettext("%(n)s file", "%(n)s files", count), { n: number(count) });

export function duration(seconds) {
  if (seconds < 90) return fill(gettext("%(s)s s"), { s: Math.max(1, Math.round(seconds)) });
  if (seconds < 5400) return fill(gettext("%(min)s min"), { min: Math.round(seconds / 60) });
  const minutes = String(Math.round(seconds / 60) % 60).padStart(2, "0");
  // Translators: hours and minutes, as in 8 h 04 m
  return fill(gettext("%(h)s h %(m)s m"), { h: Math.floor(seconds / 3600), m: minutes });
}

export function megabytes(bytes) {
  const size = bytes / 1e6;
  return `${size < 10 ? tenths(size) : number(Math.round(size))} MB`;
}

export const clock = (at) => new Date(at).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// Small things that every part of the page says or makes.
export function element(tag, text, style) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (style) made.className = style;
  return made;
}

export const number = (count) => count.toLocaleString("en");
export const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;
export const files = (count) => plural(count, "file", "files");

export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.round(seconds / 60) % 60).padStart(2, "0")} m`;
}

export function megabytes(bytes) {
  const size = bytes / 1e6;
  return `${size < 10 ? size.toFixed(1) : number(Math.round(size))} MB`;
}

export const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

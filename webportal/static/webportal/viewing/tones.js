// Values to shades: the window a film comes with, presets, and the table from a value to a grey of the screen.

// The shares of a film's values that a preset spreads from black to white. A projection has no units of its own (there is
// no Hounsfield scale for it), so a preset goes by the film: lungs are its darker part, bone and soft tissue its lighter.
const SHARES = { lung: [0.005, 0.7], bone: [0.35, 0.995] };

// The file's own window; without one all of an 8-bit film, and of a deeper one what lies between its 0.5 % and 99.5 %.
export function windowOf(grey, { centre, width, bits }) {
  if (width) return { centre: Number(centre), width: Number(width) };
  if (Number(bits) <= 8) return { centre: 127.5, width: 255 };
  return between(counted(grey), [0.005, 0.995]);
}

// The window of a preset: "film" is the one it came with, "wide" leaves no value out.
export function preset(name, grey, start) {
  if (name === "film") return start;
  if (name === "wide") return between(counted(grey), [0, 1]);
  return between(inside(counted(grey)), SHARES[name]);
}

function counted(grey) {
  if (grey.counts) return grey.counts;
  grey.counts = new Uint32Array(65536);
  for (const value of grey.values) grey.counts[value]++;
  return grey.counts;
}

// Without the darkest and the lightest value, which a collimator's border or a saturated detector fills by itself.
function inside(counts) {
  const [low, high] = [counts.findIndex(Boolean), counts.findLastIndex(Boolean)];
  const rest = counts.slice();
  if (high - low > 1) rest[low] = rest[high] = 0;
  return rest.some(Boolean) ? rest : counts;
}

function between(counts, [from, to]) {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const at = (share) => { let sum = 0; return counts.findIndex((count) => (sum += count) > 0 && sum >= share * all); };
  const [low, high] = [at(from), at(to)];
  return { centre: (low + high) / 2, width: Math.max(1, high - low) };
}

// Paint the film, or every `step`th pixel of it, windowed, into a canvas.
export function paint(canvas, grey, { centre, width, inverted }, step) {
  [canvas.width, canvas.height] = [Math.ceil(grey.width / step), Math.ceil(grey.height / step)];
  const shades = new Uint32Array(grey.values instanceof Uint8Array ? 256 : 65536);
  const low = centre - width / 2;
  for (let value = 0; value < shades.length; value++) {
    const shade = Math.round(255 * Math.min(1, Math.max(0, (value - low) / width)));
    shades[value] = 0xff000000 | ((inverted ? 255 - shade : shade) * 0x010101);
  }
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  const out = new Uint32Array(pixels.data.buffer);
  for (let y = 0, i = 0; y < grey.height; y += step) {
    const end = (y + 1) * grey.width;
    for (let from = y * grey.width; from < end; from += step) out[i++] = shades[grey.values[from]];
  }
  context.putImageData(pixels, 0, 0);
}

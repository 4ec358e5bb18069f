// Reads a grey PNG of 8 or 16 bit at its full depth, which a browser's own <img> cuts to 8 bit.
// Only what FirstRead's renditions are: grey, no interlace. Answers {width, height, values: Uint16Array | Uint8Array}.
const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

function chunks(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (SIGNATURE.some((value, i) => bytes[i] !== value)) throw new Error("not a PNG");
  const found = { data: [] };
  for (let at = 8; at + 8 <= bytes.length;) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") Object.assign(found, { width: view.getUint32(at + 8), height: view.getUint32(at + 12), depth: body[8], colour: body[9], interlace: body[12] });
    if (kind === "IDAT") found.data.push(body);
    at += 12 + length;
  }
  if (found.colour !== 0 || found.interlace || ![8, 16].includes(found.depth)) throw new Error("not a grey rendition");
  return found;
}

async function inflate(parts) {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

// PNG's filters, undone in place for one row: `at` is its first byte, `above` that of the row over it, `step` the bytes of a
// pixel. One loop each, and what was just made is carried along: a film has ten million bytes.
const FILTERS = [
  () => {},
  (raw, at, above, end, step) => { for (let i = at + step; i < end; i++) raw[i] += raw[i - step]; },
  (raw, at, above, end) => { for (let i = at, up = above; i < end; i++, up++) raw[i] += raw[up]; },
  (raw, at, above, end, step) => {
    for (let lane = 0; lane < step; lane++) {
      for (let i = at + lane, up = above + lane, left = 0; i < end; i += step, up += step) {
        raw[i] = left = (raw[i] + ((left + raw[up]) >> 1)) & 255;
      }
    }
  },
  (raw, at, above, end, step) => {
    for (let lane = 0; lane < step; lane++) {
      for (let i = at + lane, up = above + lane, left = 0, corner = 0; i < end; i += step, up += step) {
        const over = raw[up];
        const a = Math.abs(over - corner), b = Math.abs(left - corner), c = Math.abs(left + over - 2 * corner);
        raw[i] = left = (raw[i] + (a <= b && a <= c ? left : b <= c ? over : corner)) & 255;
        corner = over;
      }
    }
  },
];

function unfilter(raw, height, stride, step) {
  const nothing = raw.length - stride; // the row over the first one is all zeros
  for (let row = 0, at = 1; row < height; row++, at += stride + 1) {
    const filter = FILTERS[raw[at - 1]];
    if (!filter) throw new Error("an unknown filter");
    filter(raw, at, row ? at - stride - 1 : nothing, at + stride, step);
  }
}

export async function greyPng(buffer) {
  const png = chunks(new Uint8Array(buffer));
  const step = png.depth / 8;
  const stride = png.width * step;
  const inflated = await inflate(png.data);
  if (inflated.byteLength !== png.height * (stride + 1)) throw new Error("the picture is cut short");
  // With a row of zeros behind it, which is what the filters find over the first row.
  const raw = new Uint8Array(inflated.byteLength + stride);
  raw.set(new Uint8Array(inflated));
  unfilter(raw, png.height, stride, step);
  const values = step === 1 ? new Uint8Array(png.width * png.height) : new Uint16Array(png.width * png.height);
  for (let row = 0, to = 0; row < png.height; row++) {
    let at = row * (stride + 1) + 1;
    if (step === 1) values.set(raw.subarray(at, at + stride), to);
    else for (const end = to + png.width; to < end; to++, at += 2) values[to] = (raw[at] << 8) | raw[at + 1];
    if (step === 1) to += png.width;
  }
  return { width: png.width, height: png.height, values };
}

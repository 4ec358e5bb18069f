// Reads a grey PNG of 8 or 16 bit at its full depth, which a browser's own <img> cuts to 8 bit.
// Only what FirstRead's renditions are: grey, no interlace. Answers {width, height, values: Uint16Array | Uint8Array}.
window.greyPng = (() => {
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
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  // PNG's five filters, undone in place; `step` is the bytes of a pixel.
  function unfilter(raw, height, stride, step) {
    for (let row = 0; row < height; row++) {
      const start = row * (stride + 1) + 1;
      const above = start - stride - 1;
      const filter = raw[start - 1];
      for (let i = 0; i < stride && filter; i++) {
        const left = i >= step ? raw[start + i - step] : 0;
        const up = row ? raw[above + i] : 0;
        let guess = filter === 1 ? left : filter === 2 ? up : (left + up) >> 1;
        if (filter === 4) {
          const corner = row && i >= step ? raw[above + i - step] : 0;
          const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
          guess = a <= b && a <= c ? left : b <= c ? up : corner;
        }
        raw[start + i] += guess;
      }
    }
  }

  return async function read(buffer) {
    const png = chunks(new Uint8Array(buffer));
    const step = png.depth / 8;
    const stride = png.width * step;
    const raw = await inflate(png.data);
    if (raw.length !== png.height * (stride + 1)) throw new Error("the picture is cut short");
    unfilter(raw, png.height, stride, step);
    const values = step === 1 ? new Uint8Array(png.width * png.height) : new Uint16Array(png.width * png.height);
    for (let row = 0, to = 0; row < png.height; row++) {
      let at = row * (stride + 1) + 1;
      for (let column = 0; column < png.width; column++, at += step) values[to++] = step === 1 ? raw[at] : (raw[at] << 8) | raw[at + 1];
    }
    return { width: png.width, height: png.height, values };
  };
})();

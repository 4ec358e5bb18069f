// The film onto the canvas of a pane: turned, flipped, zoomed; the overlay over it, and the loupe over both.

const LOUPE = { radius: 110, share: 0.25, times: 2 }; // CSS pixels, and at most this share of the canvas

// `shown`: {picture, width, height} of the film, how it is shown {zoom, x, y, turns, flipped}, whether its shades have to be
// `inverted` here, and the `overlay` {picture, opacity} or nothing. All in CSS pixels but the film's own size.
export function lay(context, { picture, width, height, zoom, x, y, turns, flipped, inverted, overlay }) {
  const { canvas } = context, scale = zoom * devicePixelRatio, place = [-width / 2, -height / 2, width, height];
  context.save();
  context.translate(canvas.width / 2 + x * devicePixelRatio, canvas.height / 2 + y * devicePixelRatio);
  context.rotate(turns * Math.PI / 2);
  context.scale(flipped ? -scale : scale, scale);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, ...place);
  if (inverted) {
    Object.assign(context, { globalCompositeOperation: "difference", fillStyle: "#fff" });
    context.fillRect(...place);
    context.globalCompositeOperation = "source-over";
  }
  if (overlay) {
    context.globalAlpha = overlay.opacity;
    context.drawImage(overlay.picture, ...place);
  }
  context.restore();
}

// What lies under the loupe, twice as large around its middle.
export function magnify(context, shown, loupe) {
  const { canvas } = context, [x, y] = [loupe.x * devicePixelRatio, loupe.y * devicePixelRatio];
  const radius = Math.min(LOUPE.radius * devicePixelRatio, LOUPE.share * canvas.width);
  const circle = new Path2D();
  circle.arc(x, y, radius, 0, 2 * Math.PI);
  context.save();
  context.clip(circle);
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(x, y);
  context.scale(LOUPE.times, LOUPE.times);
  context.translate(-x, -y);
  lay(context, shown);
  context.restore();
  Object.assign(context, { strokeStyle: "#9aa", lineWidth: 2 * devicePixelRatio });
  context.stroke(circle);
}

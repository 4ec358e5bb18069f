// Where a point of the film stands on the screen, and how long a line on it is. Points are [x, y]: of the film in its
// own pixels from its upper left corner, of the screen in CSS pixels from that of the canvas.

// `view`: {width, height} of the film, {wide, high} of the canvas, and the zoom, turns, flipped, x, y it is shown by.
export function toScreen([filmX, filmY], { width, height, wide, high, zoom, turns, flipped, x, y }) {
  const across = (filmX - width / 2) * (flipped ? -zoom : zoom), down = (filmY - height / 2) * zoom;
  const [turnedX, turnedY] = turn([across, down], turns);
  return [wide / 2 + x + turnedX, high / 2 + y + turnedY];
}

export function toFilm([screenX, screenY], { width, height, wide, high, zoom, turns, flipped, x, y }) {
  const [across, down] = turn([screenX - wide / 2 - x, screenY - high / 2 - y], 4 - turns);
  return [width / 2 + across / (flipped ? -zoom : zoom), height / 2 + down / zoom];
}

// By quarters, clockwise as the screen counts.
function turn([x, y], turns) {
  return [[x, y], [-y, x], [-x, -y], [y, -x]][turns % 4];
}

// `spacing`: {row, column} in mm, as the film says it, or null. A line is measured on the film, so that neither turning
// nor flipping nor zooming changes it, and pixels that are no squares count as what they are.
export function length([[x0, y0], [x1, y1]], spacing) {
  const across = x1 - x0, down = y1 - y0;
  return spacing ? Math.hypot(across * spacing.column, down * spacing.row) : Math.hypot(across, down);
}

export function lengthWords(line, spacing) {
  const found = length(line, spacing);
  if (!spacing) return interpolate(gettext("%(n)s pixels; no spacing known"), { n: Math.round(found) }, true);
  const millimetres = found.toFixed(found < 100 ? 1 : 0);
  return interpolate(spacing.atDetector ? gettext("%(millimetres)s mm, at the detector") : gettext("%(millimetres)s mm"), { millimetres }, true);
}

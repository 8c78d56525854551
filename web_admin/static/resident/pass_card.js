// Draws a pass as one picture with place, gates and times above and below its code, in the phone's own fonts.
// WeChat forwards and saves pictures by a long press; it has no share sheet and downloads nothing.

const EDGE = 48;
const FONTS = "system-ui, 'PingFang SC', 'Noto Sans SC', sans-serif";
const STYLES = { place: `700 46px ${FONTS}`, title: `600 34px ${FONTS}`, gates: `600 36px ${FONTS}`, times: `400 34px ${FONTS}` };
const LINE = 1.35;
const SHAPE = 4 / 3; // its height by its width, kept for it by resident.css so that nothing jumps

/** Cut a text into lines that fit; Chinese may break anywhere, other words at blanks. */
function lines(context, text, wide) {
  const pieces = text.match(/[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+/gu) ?? [];
  const cut = [""];
  for (const piece of pieces) {
    const longer = cut.at(-1) + piece;
    if (cut.at(-1) && context.measureText(longer.trimEnd()).width > wide) cut.push(piece);
    else cut[cut.length - 1] = longer;
  }
  return cut.map((line) => line.trim());
}

function laidOut(context, parts, wide) {
  return parts.flatMap(([style, text]) => {
    context.font = STYLES[style];
    const high = parseInt(STYLES[style].split(" ")[1], 10) * LINE;
    return lines(context, text, wide).map((line) => ({ style, line, high }));
  });
}

function draw(card, picture) {
  const { place, title, gates, times } = card.dataset;
  const side = picture.naturalWidth; // the code is the square at the top
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const above = laidOut(context, [["place", place], ["title", title]], side);
  const below = laidOut(context, [["gates", gates], ["times", times]], side);
  const sum = (rows) => rows.reduce((high, row) => high + row.high, 0);
  canvas.width = side + 2 * EDGE;
  const high = 2 * EDGE + sum(above) + side + sum(below);
  canvas.height = Math.ceil(Math.max(high, canvas.width * SHAPE));
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#000";
  context.textAlign = "center";
  context.textBaseline = "middle";
  let top = EDGE + (canvas.height - Math.ceil(high)) / 2;
  const write = (rows) => {
    for (const { style, line, high } of rows) {
      context.font = STYLES[style];
      context.fillText(line, canvas.width / 2, top + high / 2);
      top += high;
    }
  };
  write(above);
  context.drawImage(picture, 0, 0, side, side, EDGE, top, side, side);
  top += side;
  write(below);
  return canvas.toDataURL("image/png");
}

for (const card of document.querySelectorAll("[data-pass-card]")) {
  const picture = card.querySelector("img");
  // Where it cannot be drawn, the server's own picture stays: the code and its times.
  picture.decode().then(() => { picture.src = draw(card, picture); }).catch(() => {});
}

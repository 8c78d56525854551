// Draws a code as QR version 5-M: base45 fits the alphanumeric mode, 116 of its 122 characters.

import { correction, generate, mode } from "../vendor/lean-qr/index.mjs";

const QUIET_MODULES = 4;
const BLACK = [0, 0, 0, 255];
const WHITE = [255, 255, 255, 255];

export function drawCode(canvas, text) {
  const code = generate(mode.alphaNumeric(text), {
    minCorrectionLevel: correction.M, maxCorrectionLevel: correction.M,
  });
  code.toCanvas(canvas, { on: BLACK, off: WHITE, pad: QUIET_MODULES });
  canvas.dataset.made = String(Number(canvas.dataset.made ?? 0) + 1);
}

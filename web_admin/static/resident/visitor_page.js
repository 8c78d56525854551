// A visitor's code: a copy that lasts 45 seconds, renewed every 15. Without the server the pass itself shows.

import { drawCode } from "./draw_code.js";
import { keepLit } from "./keep_lit.js";

const RENEW_MS = 15000;
const WAIT_MS = 30000;
const PATIENCE_MS = 6000;
const TRIES = 2;

const page = document.querySelector("[data-pass]");
const note = page.querySelector("[data-note]");
let failed = 0;
let timer = 0;

function show(kind) {
  page.dataset.kind = kind;
  const text = note.dataset[kind];
  if (note.textContent !== text) note.textContent = text;
}

async function renew() {
  clearTimeout(timer);
  let wait = RENEW_MS;
  try {
    const reply = await fetch(page.dataset.address, {
      cache: "no-store", credentials: "omit", redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!reply.ok) throw new Error(`answered ${reply.status}`);
    const { state, text } = await reply.json();
    if (state !== page.dataset.state) {
      location.reload();
      return;
    }
    failed = 0;
    if (text) {
      drawCode(page.querySelector("[data-canvas]"), text);
      show("renewing");
    } else wait = WAIT_MS;
  } catch {
    // The last copy is good for another moment; after two misses the fixed code takes its place.
    failed += 1;
    if (failed >= TRIES) show("fixed");
  }
  timer = setTimeout(renew, wait);
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  renew();
  keepLit();
});
const print = document.querySelector("[data-print]"); // WeChat prints nothing and has no such button
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
renew();
keepLit();

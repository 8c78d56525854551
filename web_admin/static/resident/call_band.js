// Shows on every page that someone calls the home, and rings; the band leads to the page of the call. A call
// that this person has answered is shown without a sound.

import { listen } from "./call_stream.js";
import { isSilenced, startRinging, stopRinging } from "./call_tone.js";

const band = document.querySelector("[data-call-band]");
const link = band.querySelector("a");
const text = band.querySelector("[data-call-text]");
const press = band.querySelector("[data-call-press]");

function ringIfItRings() {
  if (!("rings" in band.dataset) || isSilenced(link.href)) stopRinging();
  else startRinging();
}

function show(call) {
  band.hidden = !call;
  if (!call) {
    text.textContent = "";
    stopRinging();
    return;
  }
  if (text.textContent !== call.text) text.textContent = call.text;
  if (press.textContent !== call.press) press.textContent = call.press;
  link.href = call.address;
  band.toggleAttribute("data-rings", call.rings);
  ringIfItRings();
}

async function look() {
  try {
    const reply = await fetch(band.dataset.address, { cache: "no-store", redirect: "error" });
    show(reply.ok ? (await reply.json()).call : null);
  } catch {
    show(null); // no network, or signed out
  }
}

if (!band.hidden) ringIfItRings();
listen(look, !band.hidden);

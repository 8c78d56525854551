// Shows on every page that someone calls the home, and rings; the band leads to the page of the call.

import { listen } from "./call_stream.js";
import { isSilenced, startRinging, stopRinging } from "./call_tone.js";

const band = document.querySelector("[data-call-band]");
const link = band.querySelector("a");
const text = band.querySelector("[data-call-text]");

function ring() {
  if (isSilenced(link.href)) stopRinging();
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
  link.href = call.address;
  ring();
}

async function look() {
  try {
    const reply = await fetch(band.dataset.address, { cache: "no-store", redirect: "error" });
    show(reply.ok ? (await reply.json()).call : null);
  } catch {
    show(null); // no network, or signed out
  }
}

if (!band.hidden) ring();
listen(look, !band.hidden);

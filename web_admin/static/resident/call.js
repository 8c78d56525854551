// The page of a call: rings, keeps itself up to date, and sends its buttons without leaving, so that sound and
// picture go on.

import { listen } from "./call_stream.js";
import { isSilenced, silence, startRinging, stopRinging } from "./call_tone.js";
import { keepLit } from "./keep_lit.js";
import { answeredAt, speakHere, speaksHere } from "../js/speaking_page.js";

const soundButton = document.querySelector("[data-call-sound]");
const said = document.querySelector("[data-call-said]");
const call = () => document.querySelector("[data-call]");
let isSending = false;
let looksAgain = false;
let hasAnswered = false; // this page has sent an answer, of which no word may have come back
let stop = () => {};

async function closeNotification() {
  const registration = await navigator.serviceWorker?.getRegistration("/r/");
  const shown = await registration?.getNotifications() ?? [];
  shown.filter((one) => one.data?.navigate === location.href.split(/[?#]/)[0]).forEach((one) => one.close());
}

async function ringIfItRings() {
  if (call().dataset.state === "rings" && !isSilenced(location.href)) {
    const isHeard = await startRinging();
    soundButton.hidden = isHeard || call().dataset.state !== "rings";
    keepLit();
    return;
  }
  stopRinging();
  soundButton.hidden = true;
  if (call().dataset.state === "rings") return;
  closeNotification().catch(() => {});
}

/** Offer the sound where this person answered on another page. */
function showElsewhere() {
  const elsewhere = document.querySelector("[data-elsewhere]");
  if (elsewhere) elsewhere.hidden = speaksHere(call().dataset);
}

/** Take the part of a page that came; what was focused stays so where it is still there. */
function take(html) {
  const next = new DOMParser().parseFromString(html, "text/html").querySelector("[data-call]");
  if (!next) {
    location.reload(); // signed out, or no call of this home
    return;
  }
  const before = call();
  const changed = before.dataset.state !== next.dataset.state;
  const hadFocus = before.contains(document.activeElement);
  if (hasAnswered && next.dataset.state === "mine") {
    if (before.dataset.state !== "mine") speakHere(next.dataset.turn);
    hasAnswered = false;
  }
  const looks = ({ dataset, textContent }) => [dataset.state, dataset.reply, dataset.turn, textContent.replace(/\s+/g, " ")].join();
  if (looks(before) === looks(next)) return;
  before.replaceWith(next);
  showElsewhere();
  document.dispatchEvent(new CustomEvent("menjin-call", { detail: next.dataset }));
  if (changed) said.textContent = next.querySelector("h1").textContent;
  if (hadFocus) {
    const heading = next.querySelector("[role=alert], h1");
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  ringIfItRings();
  if (!("goesOn" in next.dataset)) stop();
}

async function look() {
  if (isSending) {
    looksAgain = true;
    return;
  }
  try {
    const reply = await fetch(location.href, { cache: "no-store" });
    if (!isSending) take(await reply.text());
  } catch {
    // no network: the next news tries again
  }
}

async function send(form) {
  isSending = true;
  hasAnswered ||= "answers" in form.dataset;
  form.querySelector("button").setAttribute("aria-busy", "true");
  try {
    const reply = await fetch(form.action, { method: "POST", body: new FormData(form) });
    answeredAt(reply.url);
    hasAnswered = false;
    take(await reply.text());
  } catch {
    form.querySelector("button").removeAttribute("aria-busy");
    document.querySelector("[data-no-network]").hidden = false;
  } finally {
    isSending = false;
    if (looksAgain) {
      looksAgain = false;
      look();
    }
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-call-act]")) return;
  event.preventDefault();
  if (!isSending) send(event.target);
}, true);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-call-silence]")) silence(location.href);
});
soundButton.addEventListener("click", () => {
  stopRinging();
  ringIfItRings();
});
showElsewhere();
ringIfItRings();
if ("goesOn" in call().dataset) stop = listen(look);
// A call that is on its way to its end looks again also where no news comes.
setInterval(() => { if ("goesOn" in call().dataset && document.visibilityState === "visible") look(); }, 5000);

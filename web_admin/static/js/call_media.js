// Sound and picture of a call on the page on which it was answered. The gate is heard and seen at once; the microphone is
// asked for and may be refused: then one answers in writing. Nothing is recorded, and all of it ends with the call.

import { speakAlone } from "./speaking_page.js";

const place = document.querySelector("[data-call-media]");
const { PhoneEnd } = await import(place.dataset.module);
const part = (name) => place.querySelector(`[data-media-${name}]`);
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

const ASK_SECONDS = 0.2;
const ASK_AGAIN_SECONDS = 2;
const NO_OFFER_SECONDS = 5;
const SILENT_SECONDS = 3;
const OVER = "over";
const CAN_SPEAK = "RTCPeerConnection" in window;
const CLEAR = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

// Live: no one can write down what a visitor says while they say it.
const seen = Object.assign(document.createElement("video"), { playsInline: true, hidden: true });
seen.ariaLabel = place.dataset.picture;
place.prepend(seen);
let talk = null;

/** Follow the call that speaks on this page, null for none: its turn changes with each answer to it, its address has the
 *  gate's side, which the page may bring along. */
export function follow(call) {
  if (talk && talk.turn !== call?.turn) end();
  if (call && !talk) begin(call, call.media ? JSON.parse(call.media) : null);
}

/** Let the browser load what it needs before the first call. */
export function warmUp() {
  if (CAN_SPEAK) PhoneEnd.warmUp();
}

async function begin({ turn, address }, brought) {
  const mine = talk = { turn, address, microphone: null, isRefused: false, answered: null, connection: null, state: "" };
  mine.release = speakAlone(() => { if (talk === mine) end(); });
  place.hidden = false;
  show(mine);
  const since = performance.now();
  let gate = brought;
  while (talk === mine) {
    if (!gate?.offer) gate = await ask(mine);
    if (talk !== mine) return;
    if (gate === OVER) {
      end();
      return;
    }
    const isLost = mine.state === "failed";
    if (CAN_SPEAK && gate?.offer && (isLost || gate.offer.ufrag !== mine.answered)) await answer(mine, gate);
    if (talk !== mine) return;
    mine.isSilent = await isSilent(mine);
    if (talk !== mine) return;
    mine.hasNone = !mine.answered && performance.now() - since > NO_OFFER_SECONDS * 1000;
    show(mine);
    await pause(mine.answered || mine.hasNone ? ASK_AGAIN_SECONDS : ASK_SECONDS);
    gate = null;
  }
}

/** Return whether the gate replies and no sound has come from it for a while: its microphone gives nothing. */
async function isSilent(mine) {
  const came = mine.state === "connected" ? await mine.connection.counts().catch(() => null) : null;
  if (came?.packets !== mine.came?.packets || !came) Object.assign(mine, { came, heardAt: performance.now() });
  return came?.replies > mine.came?.replies && performance.now() - mine.heardAt > SILENT_SECONDS * 1000;
}

function end() {
  const over = talk;
  talk = null;
  over.connection?.close();
  over.microphone?.stop();
  over.release();
  seen.srcObject = null;
  seen.hidden = part("hear").hidden = true;
  part("mute").ariaPressed = "false";
  if (place.contains(document.activeElement)) {
    place.nextElementSibling.tabIndex = -1;
    place.nextElementSibling.focus({ preventScroll: true });
  }
  place.hidden = true;
}

async function ask({ address }) {
  try {
    const reply = await fetch(address, { cache: "no-store", headers: { Accept: "application/json" } });
    if (reply.redirected || [401, 403, 404, 409].includes(reply.status)) return OVER;
    return reply.ok ? await reply.json() : null;
  } catch {
    return null; // no network: the next question tries again
  }
}

async function answer(mine, { offer, relays }) {
  mine.connection?.close();
  mine.answered = offer.ufrag;
  mine.state = "";
  if (!mine.isAsked) speak(mine); // no microphone is asked for at a gate without sound
  mine.isAsked = true;
  try {
    const connection = mine.connection = new PhoneEnd({
      relays,
      onStreams: (streams) => hear(streams),
      onState: (state) => {
        if (mine.connection !== connection) return;
        Object.assign(mine, { state, isSilent: false, came: null });
        show(mine);
      },
    });
    const side = await connection.answer(offer);
    if (talk !== mine) return; // the sound went to another page meanwhile, which has given its own side
    send(mine);
    const form = new FormData();
    form.append("csrf_token", place.dataset.csrf);
    form.append("turn", mine.turn);
    form.append("side", JSON.stringify(side));
    const reply = await fetch(mine.address, { method: "POST", body: form });
    if (!reply.ok) mine.state = "failed";
  } catch {
    mine.state = "failed";
  }
}

async function speak(mine) {
  try {
    const [track] = (await navigator.mediaDevices.getUserMedia({ audio: CLEAR })).getTracks();
    if (talk !== mine) {
      track.stop();
      return;
    }
    mine.microphone = track;
    send(mine);
  } catch {
    mine.isRefused = true;
  }
  show(mine);
}

function send(mine) {
  mine.connection?.sendSound(mine.microphone).catch(() => {});
}

function hear(streams) {
  seen.srcObject = streams;
  seen.play().then(() => { part("hear").hidden = true; }, () => { part("hear").hidden = false; });
}

/** Say how it is, in one sentence: what is wrong comes first. */
function show(mine) {
  if (talk !== mine) return;
  const word = sentence(mine);
  const said = part("said");
  if (said.dataset.word !== word) {
    said.dataset.word = word;
    said.textContent = place.dataset[word];
  }
  part("mute").hidden = !mine.microphone;
  // Its place is kept from the first moment: a picture that comes later moves no button under a finger.
  seen.hidden = !mine.answered && !seen.videoWidth;
}

function sentence(mine) {
  if (["failed", "disconnected"].includes(mine.state)) return "lost";
  if (mine.hasNone) return "none";
  if (mine.state !== "connected") return "connecting";
  if (mine.isSilent) return "silent";
  if (mine.isRefused) return "unheard";
  return mine.microphone ? "through" : "asking";
}

part("mute").addEventListener("click", () => {
  const track = talk?.microphone;
  if (!track) return;
  track.enabled = !track.enabled;
  part("mute").ariaPressed = String(!track.enabled);
});
part("hear").addEventListener("click", () => seen.play().then(() => { part("hear").hidden = true; }));
seen.addEventListener("resize", () => { if (talk) show(talk); });
addEventListener("pagehide", () => { if (talk) end(); });

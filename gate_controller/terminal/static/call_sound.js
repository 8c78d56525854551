// Sound and picture of a call at the gate. The microphone opens once a page has answered, the camera
// once the gate's own program has closed it; both close with the call. Nothing is recorded.

import { GateEnd } from "/call_media.js";

const SAY_EVERY_SECONDS = 0.25;
const MICROPHONE = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } };
const CAMERA = { video: { width: 640, height: 480, frameRate: 15 } };

let post = () => Promise.resolve();
let shown = null;
let call = null;
let saying = 0;
let cameras = 0; // being opened, open, or being closed

/** Give the way by which the page speaks to the controller. */
export function speakThrough(way) {
  post = way;
}

/** Follow what the view says of the call's sound; null ends it. */
export function follow(next) {
  shown = next;
  if (call && call.key !== next?.call) end();
  if (next && !call) begin(next);
  if (call) go(call);
}

function begin({ call: key, relays }) {
  call = { key, relays, offer: null, answers: new Set(), isLost: false, failed: new Set(), works: new Set(), devices: {} };
  saying ||= setInterval(say, SAY_EVERY_SECONDS * 1000);
  connect(call);
}

function end() {
  const over = call;
  call = null;
  over.connection?.close();
  over.loudspeaker?.pause();
  for (const kind of Object.keys(over.devices)) close(over, kind);
  say();
}

/** Say how all is, again and again until the last camera is closed. */
function say() {
  if (!call && !cameras) {
    clearInterval(saying);
    saying = 0;
  }
  post({
    act: "sound", call: call?.key ?? "", offer: call?.offer, trouble: troubleOf(call), camera_open: cameras > 0,
    is_connected: call?.isConnected ?? false, works: [...call?.works ?? []],
  }).catch(() => {});
}

function troubleOf(of) {
  if (of?.isLost) return "lost";
  return ["microphone", "camera"].filter((kind) => of?.failed.has(kind)).map((kind) => `no_${kind}`)[0] ?? "";
}

async function connect(of) {
  of.connection?.close();
  Object.assign(of, { offer: null, isAnswered: false, isConnected: false, isLost: false });
  const connection = of.connection = new GateEnd({
    relays: of.relays,
    onStreams: (streams) => hear(of, streams),
    onState: (state) => {
      if (of.connection !== connection) return;
      of.isConnected = state === "connected";
      of.isLost = ["disconnected", "failed"].includes(state);
      say();
    },
  });
  try {
    const offer = await connection.offer();
    if (of.connection !== connection) return;
    of.offer = offer;
    for (const kind of Object.keys(of.devices)) send(of, kind);
    if (of === call) go(of);
  } catch {
    of.isLost = true;
  }
  say();
}

function hear(of, streams) {
  of.loudspeaker ??= new Audio();
  of.loudspeaker.srcObject = streams;
  of.loudspeaker.play().catch(() => {});
}

/** Do what the newest view allows: take an answer, open what may be open, close what may not. */
function go(of) {
  const { answer, speaks, picture } = shown;
  if (answer && of.offer && !of.answers.has(answer.ufrag)) accept(of, answer);
  if (!answer && of.isAnswered) connect(of); // another page takes the call: the one before is cut off now
  toggle(of, "microphone", speaks, MICROPHONE);
  toggle(of, "camera", picture, CAMERA);
}

async function accept(of, answer) {
  of.answers.add(answer.ufrag);
  if (of.isAnswered) {
    connect(of); // the other page was loaded again: this end has met the one before
    return;
  }
  of.isAnswered = true;
  try {
    await of.connection.accept(answer);
  } catch {
    of.isLost = true;
    say();
  }
}

function toggle(of, kind, isWanted, wishes) {
  if (isWanted && !of.devices[kind] && !of.failed.has(kind)) open(of, kind, wishes);
  if (!isWanted && of.devices[kind]) close(of, kind);
}

async function open(of, kind, wishes) {
  const device = of.devices[kind] = { track: null, isOver: false };
  if (kind === "camera") cameras += 1;
  try {
    [device.track] = (await navigator.mediaDevices.getUserMedia(wishes)).getTracks();
    of.works.add(kind);
  } catch {
    of.failed.add(kind);
    device.isOver = true;
  }
  if (device.isOver) shut(kind, device);
  else send(of, kind);
  say();
}

function close(of, kind) {
  const device = of.devices[kind];
  delete of.devices[kind];
  device.isOver = true;
  if (!device.track) return; // closed as soon as the browser has opened it
  shut(kind, device);
  if (of === call) send(of, kind);
  say();
}

function shut(kind, device) {
  device.track?.stop();
  if (kind === "camera") cameras -= 1;
}

function send(of, kind) {
  const track = of.devices[kind]?.track ?? null;
  const sent = kind === "camera" ? of.connection.sendPicture(track) : of.connection.sendSound(track);
  sent.catch(() => {});
}

// -- the memory of many calls ---------------------------------------------------------------------

// A browser gives some memory of each call back only when the page is loaded again.
const CALLS_OF_A_PAGE = 40;
const REST_SECONDS = 2;
let calls = 0;
let counted = "";
let resting = 0;
let isTouched = false;
let isAtRest = false;

/** Load the page again after so many calls, once the screen has rested and no hand is on it. */
export function loadAgainAtRest({ screen, sound }) {
  const key = sound?.call ?? "";
  if (key && key !== counted) calls += 1;
  counted = key;
  isAtRest = !key && screen === "idle";
  rest();
}

function rest() {
  clearTimeout(resting);
  if (calls < CALLS_OF_A_PAGE || isTouched || !isAtRest) return;
  resting = setTimeout(() => location.reload(), REST_SECONDS * 1000);
}

for (const [kind, touches] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false]]) {
  document.addEventListener(kind, () => {
    isTouched = touches;
    rest();
  });
}

// Rings and shakes while a call rings. Browsers let a page sound only once it was touched: until then the
// caller of `ringing` learns that it stays silent.

const SILENCED = "menjin-silenced-call";
const EVERY_MS = 2500;
const SHAKES = [500, 250, 500];
let context = null;
let timer = 0;

function sound() {
  [0, 0.4].forEach((delay) => {
    [660, 880].forEach((pitch) => {
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = pitch;
      volume.gain.value = 0.2;
      tone.connect(volume).connect(context.destination);
      tone.start(context.currentTime + delay);
      tone.stop(context.currentTime + delay + 0.3);
    });
  });
  document.documentElement.dataset.rung = String(Number(document.documentElement.dataset.rung ?? 0) + 1);
}

const mayShake = () => navigator.vibrate && (navigator.userActivation?.hasBeenActive ?? true);

function once() {
  if (context?.state === "running") sound();
  if (mayShake()) navigator.vibrate(SHAKES);
}

/** Keep this phone silent during one call, which others of the home may still answer. */
export function silence(address) {
  sessionStorage.setItem(SILENCED, new URL(address, location.href).pathname);
  stopRinging();
}

export function isSilenced(address) {
  return sessionStorage.getItem(SILENCED) === new URL(address, location.href).pathname;
}

/** Begin to ring; resolves to whether it can be heard. */
export async function startRinging() {
  if (timer) return context?.state === "running";
  timer = setInterval(once, EVERY_MS);
  try {
    context ??= new AudioContext();
    // Without a touch the browser keeps this waiting for one.
    if (navigator.userActivation?.hasBeenActive ?? true) await context.resume();
    else document.addEventListener("pointerdown", () => context?.resume(), { once: true });
  } catch {
    context = null; // no sound here
  }
  if (timer) once();
  return context?.state === "running";
}

export function stopRinging() {
  if (!timer) return;
  clearInterval(timer);
  timer = 0;
  if (mayShake()) navigator.vibrate(0);
}

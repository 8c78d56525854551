// Short tones made here, so that a result is heard without any file or network.
// Each tone: [hertz, start in seconds, length in seconds].

const TUNES = {
  key: [[1200, 0, 0.04]],
  touched: [[660, 0, 0.12], [990, 0.14, 0.16]],
  granted: [[660, 0, 0.16], [880, 0.16, 0.16], [1320, 0.32, 0.3]],
  help: [[880, 0, 0.2], [660, 0.25, 0.2], [880, 0.5, 0.2]],
  calling: [[440, 0, 0.5], [440, 0.9, 0.5]],
  call_answered: [[660, 0, 0.12], [880, 0.14, 0.2]],
  call_over: [[440, 0, 0.2], [330, 0.25, 0.3]],
  done: [[660, 0, 0.16], [880, 0.18, 0.24]],
  refused: [[220, 0, 0.25], [165, 0.3, 0.45]],
  delayed: [[220, 0, 0.25], [165, 0.3, 0.45]],
  fault: [[165, 0, 0.6]],
  lockdown: [[165, 0, 0.6]],
  fire: [[980, 0, 0.3], [740, 0.35, 0.3], [980, 0.7, 0.3], [740, 1.05, 0.3]],
  face_looking: [[520, 0, 0.1]],
  face_enrol: [[520, 0, 0.1]],
};

let context = null;

/** Play the tune of this name, if it has one and the browser lets us. */
export function play(name) {
  const tones = TUNES[name];
  if (!tones || !window.AudioContext) return;
  context ??= new AudioContext();
  // A screen that was not touched yet may not sound, unless the kiosk was started with leave to.
  if (context.state === "suspended") context.resume().catch(() => {});
  for (const [hertz, start, length] of tones) tone(hertz, context.currentTime + start, length);
}

function tone(hertz, at, length) {
  const oscillator = new OscillatorNode(context, { frequency: hertz, type: "triangle" });
  const loudness = new GainNode(context, { gain: 0 });
  loudness.gain.setValueAtTime(0, at);
  loudness.gain.linearRampToValueAtTime(0.4, at + 0.01);
  loudness.gain.setValueAtTime(0.4, at + length - 0.02);
  loudness.gain.linearRampToValueAtTime(0, at + length);
  oscillator.connect(loudness).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + length);
}

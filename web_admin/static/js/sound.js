// The sound of alarms: off until staff switch it on in this browser; kept for all its pages.
const soundKey = "menjin-alarm-sound";
let context = null;

export const isOn = () => localStorage.getItem(soundKey) === "on";

export const switchSound = (on) => localStorage.setItem(soundKey, on ? "on" : "off");

export const ring = () => {
  if (!isOn()) return;
  context = context || new AudioContext();
  [0, 0.35].forEach((delay) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = 880;
    volume.gain.value = 0.15;
    tone.connect(volume).connect(context.destination);
    tone.start(context.currentTime + delay);
    tone.stop(context.currentTime + delay + 0.2);
  });
  const counter = document.querySelector("#live") || document.querySelector("#alarm-news");
  counter.dataset.rung = String(Number(counter.dataset.rung || 0) + 1);
};

"""Voices that a test machine has none of: what a screen was to say is written down in `window.heard`."""

VOICES = """
window.heard = [];
const voices = ["en-GB", "zh-CN"].map((lang) => ({ lang, name: lang }));
Object.defineProperty(window, "speechSynthesis", { value: {
  getVoices: () => voices, cancel: () => {}, addEventListener: () => {},
  speak: (speech) => window.heard.push([speech.lang, speech.text]),
} });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""

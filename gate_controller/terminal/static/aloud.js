// The screen read aloud with a voice of the browser's own, where it has one for the language.

/** Return a voice for a language, if there is one. */
export function voiceFor(language) {
  const voices = window.speechSynthesis?.getVoices() ?? [];
  return voices.find((candidate) => candidate.lang.toLowerCase().startsWith(language));
}

/** Say what these elements show, instead of whatever is being said; `between` separates two sentences. */
export function say(parts, language, between) {
  speak(parts.map((part) => part.innerText.replaceAll("\n", " ").replace(/[.。]$/, "")).join(between), language);
}

/** Say one sentence in a language, instead of whatever is being said. */
export function speak(text, language) {
  hush();
  const speech = new SpeechSynthesisUtterance(text);
  speech.voice = voiceFor(language) ?? null;
  speech.lang = document.documentElement.lang;
  speechSynthesis.speak(speech);
}

/** Say nothing more. */
export function hush() {
  window.speechSynthesis?.cancel();
}

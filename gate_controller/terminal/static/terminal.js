// The gate's screen. It draws the newest view and sends what a person does; it decides nothing.
// What is typed goes to the controller key by key and is kept nowhere here.

import { hush, say, speak, voiceFor } from "./aloud.js";
import { follow, loadAgainAtRest, speakThrough } from "./call_sound.js";
import { icon } from "./icons.js";
import { play } from "./sound.js";

const SILENCE_SECONDS = 15;
const RETRY_SECONDS = 1;
const READING_ENDS_SECONDS = 90;
const ICONS = {
  idle: "door", show_card: "card", forgot_card: "pin", typing_home: "door", typing_pin: "pin", show_code: "qr",
  face_looking: "face", face_ask: "face", face_enrol: "face", face_notice: "face", face_confirm: "card",
  face_guardian: "card", face_office: "wait", face_kept: "face", choose: "door", waiting: "wait", granted: "open",
  call_number: "home", call_list: "home", calling: "call", call_answered: "call", call_over: "call_over",
  refused: "shut", delayed: "clock", done: "open", held_open: "open", disabled: "lock",
  lockdown: "lock", fire: "fire", fault: "warning",
};
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
// The person's own left is the screen's left: an arrow points to where they are to turn.
const ARROWS = { turn_left: "arrow_left", turn_right: "arrow_right" };
const METHOD_NUMBERS = { card: "1", pin: "2", qr: "3", face: "4" };
const KEY_NAMES = { "*": "key.clear", "#": "key.enter", "-": "key.dash" };
// Neutral or fixed on purpose: no word of the controller is shown here but what to do better at the camera.
const FIXED_LINES = ["refused", "lockdown", "fire"];
const TYPING = ["typing_home", "typing_pin", "call_number"];
const CALL_SCREENS = ["calling", "call_answered", "call_over"];
const PIN_SCREENS = ["typing_pin", "face_confirm", "face_guardian"];
const LAMPS = ["face_looking", "face_enrol"];
const NOTHING_KNOWN = {
  message: "screen_lost", mend: "", methods_offered: [], typed_home: "", typed_count: 0, seconds_left: null,
  prompt: "", notice_field: "", notice_text: "", notice_page: 0, notice_pages: 0, lamp: false, read_aloud: false,
  camera: "unknown", online: true, clock_sure: true, help_called: false, help_call: "", slower: false,
  calls_offered: false, call: null, sound: null,
};

const at = (id) => document.getElementById(id);
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
const languages = await loadTexts();
let view = null;
let source = null;
let lastHeard = 0;
let countdownEnd = null;
let reading = false;
let sending = Promise.resolve();

// -- texts ----------------------------------------------------------------------------------------

async function loadTexts() {
  for (;;) {
    const answer = await fetch("/texts.json").catch(() => null);
    if (answer?.ok) return answer.json();
    await pause(RETRY_SECONDS);
  }
}

function spoken() {
  return languages[view?.language] ?? Object.values(languages)[0];
}

function texts() {
  return spoken().texts;
}

/** What to do better at the camera comes first: it is what helps at the next try. */
function wholeLine(shown) {
  const lines = [texts()[`mend.${shown.mend}`], lineOf(shown)].filter(Boolean);
  return withHome(lines.join(spoken().gap), shown);
}

function lineOf(shown) {
  if (shown.screen === "face_notice") return shown.notice_text;
  if (usesAnotherWay(shown)) return texts()["message.another_way"];
  if (shown.screen === "call_number" && shown.call.is_courier) return texts()["message.call_courier"];
  const special = FIXED_LINES.includes(shown.screen) ? undefined : texts()[`message.${shown.message}`];
  // "Hold still" is no line for a person who is asked to turn.
  return special ?? texts()[`text.${shown.prompt && !shown.call ? "face_looking" : shown.screen}`];
}

function titleOf(shown) {
  const words = texts();
  const title = words[`notice.${shown.notice_field}`] ?? words[`message.${shown.prompt}`];
  return withHome(title ?? words[`title.${shown.screen}`], shown);
}

function withHome(text, shown) {
  return text.replace("{home}", shown.call?.home ?? "");
}

/** After the second face that was not recognised the other ways stand alone, and large. */
function usesAnotherWay(shown) {
  return shown.screen === "refused" && shown.message === "another_way";
}

function nextLanguage() {
  const names = Object.keys(languages);
  return names[(names.indexOf(view?.language) + 1) % names.length];
}

// -- what a person does ---------------------------------------------------------------------------

function send(act) {
  chosen();
  // One after the other: the keys of a PIN must arrive in the order they were typed.
  sending = sending.then(() => post(act)).catch(() => lose());
}

async function post(act) {
  const answer = await fetch("/acts", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Menjin-Terminal": "1" },
    body: JSON.stringify(act),
  });
  if (answer.status >= 500) lose();
}

function type(key) {
  play("key");
  send({ act: "key", key });
}

function onKeyboard(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const typing = [...TYPING, ...PIN_SCREENS, "face_notice"].includes(view?.screen);
  if (/^[0-9#*-]$/.test(event.key)) {
    if (!event.repeat) type(event.key);
  } else if (event.key === "Enter" && (typing || event.target === document.body)) {
    // While typing, Enter ends the number, also when the focus rests on a digit that was touched.
    if (!event.repeat) type("#");
  } else if (event.key === "Backspace") {
    if (!event.repeat) type("*");
  } else if (event.key === "Escape") {
    send({ act: "cancel" });
  } else {
    return;
  }
  event.preventDefault();
}

// -- drawing --------------------------------------------------------------------------------------

function draw(next) {
  const before = view;
  view = next;
  document.documentElement.lang = languages[view.language]?.html_language ?? view.language;
  document.body.dataset.screen = view.screen;
  document.body.classList.toggle("lamp", LAMPS.includes(view.screen));
  document.body.classList.toggle("bright", view.lamp);
  document.body.classList.toggle("another-way", usesAnotherWay(view));
  document.body.classList.toggle("mended", Boolean(view.mend));
  drawStrip();
  drawPanel();
  drawChoices();
  drawTools();
  follow(view.sound);
  loadAgainAtRest(view);
  document.body.classList.remove("starting");
  if (before?.screen !== view.screen) {
    chosen();
    play(view.screen);
  }
  const isNew = before && whatIsSaid(before) !== whatIsSaid(view);
  if (view.read_aloud && !before?.read_aloud) setReading(true);
  else if (reading && isNew) setReading(true);
  // What a home says is heard by everyone: who carries a parcel, or cannot read, looks elsewhere.
  else if (isNew && CALL_SCREENS.includes(view.screen)) sayPanel();
}

function sayPanel() {
  if (voiceFor(view.language)) say([at("title"), at("line")], view.language, spoken().full_stop + spoken().gap);
}

function whatIsSaid(shown) {
  const parts = [shown.screen, shown.prompt, shown.message, shown.mend, shown.notice_page, shown.call?.page];
  return [...parts, shown.call?.is_courier, CALL_SCREENS.includes(shown.screen) && shown.call?.home, shown.language].join(" ");
}

function drawStrip() {
  at("lane").textContent = view.lane_name;
  const looks = view.camera === "closed" ? "camera_off" : "camera";
  at("camera").hidden = view.camera === "unknown";
  at("camera").dataset.camera = view.camera;
  at("camera").replaceChildren(icon(looks), texts()[`camera.${view.camera}`] ?? "");
  const notes = [];
  const called = helpNote();
  drawCalled(called ? texts()[called] : "");
  if (view.slower) notes.push("note.slower");
  if (!view.online && !called) notes.push("note.offline");
  for (const method of view.methods_lost ?? []) notes.push(`note.lost_${method}`);
  if (!view.clock_sure) notes.push("note.clock");
  if (view.sound_note) notes.push(`note.${view.sound_note}`);
  if (view.camera_trouble) notes.push(view.camera_trouble === "dark" ? "note.camera_dark" : "note.camera");
  setLines(at("notes"), notes.map((key) => texts()[key]));
}

/** The answer to the help button: a band over everything else, for who cannot hear it. */
function drawCalled(text) {
  at("called").hidden = !text;
  if (at("called").lastChild?.textContent === text) return;
  at("called").replaceChildren(...(text ? [icon("help"), element("span", { textContent: text })] : []));
  if (text) play("help");
}

function setLines(place, lines) {
  // Left alone when nothing changed, so that a screen reader does not say it again.
  if (lines.join("\n") === [...place.children].map((line) => line.textContent).join("\n")) return;
  place.replaceChildren(...lines.map((line) => element("p", { textContent: line })));
}

function drawPanel() {
  const words = texts();
  const said = whatIsSaid(view);
  if (at("said").dataset.said !== said) {
    at("said").dataset.said = said;
    at("icon").replaceChildren(icon(ARROWS[view.prompt] ?? ICONS[view.screen]));
    at("icon").classList.toggle("arrow", view.prompt in ARROWS);
    at("title").textContent = titleOf(view);
    at("line").textContent = wholeLine(view);
  }
  drawTyped(words);
  const page = view.call?.page ? [view.call.page, view.call.pages] : [view.notice_page, view.notice_pages];
  const [what, done, of] = page[0] ? [words.page, ...page] : [words.progress, view.steps_done, view.steps_needed];
  at("progress").hidden = !["face_enrol", "face_notice"].includes(view.screen) && !(view.call?.pages > 1);
  at("progress").textContent = `${what}: ${done} / ${of}`;
  countdownEnd = view.seconds_left === null ? null : performance.now() + view.seconds_left * 1000;
  drawCountdown();
}

function drawTyped(words) {
  const pin = PIN_SCREENS.includes(view.screen);
  at("typed").hidden = !pin && !TYPING.includes(view.screen);
  at("typed").ariaLabel = pin ? `${words.typed_count}: ${view.typed_count}` : words.typed_home;
  at("typed").className = pin ? "dots" : "";
  at("typed").textContent = pin ? "●".repeat(view.typed_count) : view.call?.home ?? view.typed_home;
}

function drawCountdown() {
  at("countdown").hidden = countdownEnd === null;
  if (countdownEnd === null) return;
  const seconds = Math.max(0, Math.ceil((countdownEnd - performance.now()) / 1000));
  at("countdown").replaceChildren(element("strong", { textContent: seconds }), ` ${texts().seconds}`);
}

function drawTools() {
  const words = texts();
  const other = languages[nextLanguage()];
  at("tools").ariaLabel = words.tools;
  label(at("help"), "help", helpWord(words));
  label(at("language"), "language", other.name);
  at("language").lang = other.html_language;
  at("language").hidden = Object.keys(languages).length < 2;
  label(at("slower"), "slower", words.slower);
  at("slower").ariaPressed = String(view.slower);
  label(at("read"), "read", words.read);
  at("read").ariaPressed = String(reading);
}

/** No connection, no promise: the gate notifies the guard when it is back. */
function helpNote() {
  if (!view.help_called) return "";
  if (isByTelephone()) return `note.help.${view.help_call}`;
  if (!view.online) return "note.help_waits";
  return view.help_call ? `note.help.${view.help_call}` : "note.help";
}

/** A call by telephone needs no connection to the office; the alarm after it does. */
function isByTelephone() {
  return ["calling", "talking"].includes(view.help_call);
}

function helpWord(words) {
  if (!view.help_called) return words.help;
  if (isByTelephone()) return words[`help.${view.help_call}`];
  return view.online ? words.help_called : words.help_waits;
}

function label(button, picture, text) {
  if (button.lastChild?.textContent === text && button.firstElementChild) return;
  button.replaceChildren(icon(picture), element("span", { textContent: text }));
}

// -- choices --------------------------------------------------------------------------------------

function drawChoices() {
  const kind = choiceKind();
  const called = [view.calls_offered, view.call?.has_list, view.call?.offers_guard, view.call?.entries];
  const wanted = `${kind} ${view.methods_offered} ${view.screen} ${view.message} ${view.language} ${called}`;
  const place = at("choices");
  if (place.dataset.drawn === wanted) return;
  const hadFocus = place.contains(document.activeElement);
  place.dataset.drawn = wanted;
  place.className = kind;
  place.replaceChildren(...CHOICES[kind](texts()));
  if (hadFocus) place.querySelector("button")?.focus();
}

function choiceKind() {
  if (TYPING.includes(view.screen) || PIN_SCREENS.includes(view.screen)) return "keypad";
  if (["refused", "delayed"].includes(view.screen)) return "methods";
  if (["idle", "forgot_card"].includes(view.screen)) return view.screen.replace("_card", "");
  if (["face_ask", "face_kept", "face_notice"].includes(view.screen)) return view.screen.slice(5);
  if (view.screen === "choose") return "numbers";
  if (view.screen === "face_looking") return "looking";
  if (view.screen === "call_list") return "list";
  if (["calling", "call_answered"].includes(view.screen)) return "called";
  if (view.screen === "call_over") return view.call.offers_guard ? "guard" : "over";
  if (["show_card", "show_code", "done", ...LAMPS].includes(view.screen)) return "back";
  return "none";
}

const CHOICES = {
  none: () => [],
  back: (words) => [cancelButton(words.cancel)],
  looking: (words) => [cancelButton(words.cancel), ownFaceButton(words.own_face)],
  // No comes first, and every button of a question is as large as the next.
  notice: (words) => [
    numbered("1", words.another_way, decline),
    numbered("*", words.cancel, () => type("*")),
    numbered("#", words.read_on, () => type("#")),
  ],
  ask: (words) => [
    numbered("1", words.another_way, decline),
    numbered("2", words.take_face, confirm),
    ...(view.message === "face_agreed" ? [numbered("3", words.take_back_yes, () => type("3"))] : []),
  ],
  kept: (words) => [
    numbered("1", words.keep_face, decline),
    numbered("2", words.add_look, confirm),
    numbered("3", words.take_back, () => type("3")),
  ],
  list: (words) => [
    ...view.call.entries.map((text, place) => numbered(String(place + 1), text, () => type(String(place + 1)))),
    numbered("*", words["call.number"], () => type("*")),
    ...(view.call.pages > 1 ? [numbered("#", words["call.more"], () => type("#"))] : []),
  ],
  // Who lives here comes in beside another person's call.
  called: (words) => [numbered("*", words["call.end"], () => send({ act: "cancel" })), ...pressedWays(words)],
  guard: (words) => [
    numbered("##9", words["call.guard"], () => send({ act: "help" })),
    numbered("*", words.cancel, () => send({ act: "cancel" })),
  ],
  over: (words) => [numbered("*", words.cancel, () => send({ act: "cancel" }))],
  methods: (words) => ways().map((method) => methodButton(method, words)),
  idle: (words) => [waysIn(words), ...besideWays(words)],
  forgot: (words) => [
    ...ways().filter((method) => ["pin", "qr"].includes(method)).map((method) => methodButton(method, words)),
    helpButton(words.help),
    cancelButton(words.cancel),
  ],
  numbers: (words) => [
    ...ways().map((method) => methodButton(method, words, METHOD_NUMBERS[method])),
    ...(ways().includes("face") ? [numbered("5", words.own_face, () => send({ act: "own_face" }))] : []),
    numbered("6", words.forgot_card, () => type("6")),
    ...(view.calls_offered ? callButtons(words, numbered) : []),
    numbered("0", words.read, () => type("0")),
    numbered("9", words.help, () => type("9")),
  ],
  keypad: (words) => {
    const keys = element("div", { className: "keys", role: "group", ariaLabel: words.keypad });
    keys.append(...KEYS.map((key) => keyButton(key, words)));
    const beside = element("div", { className: "beside" });
    if (["typing_home", "call_number"].includes(view.screen)) beside.append(keyButton("-", words));
    if (view.call?.has_list) beside.append(choice(words["call.list"], "own", () => send({ act: "list" })));
    if (view.message === "home_for_face") beside.append(ownFaceButton(words.my_face));
    const asked = view.screen.startsWith("face_");
    beside.append(asked ? numbered("*", words.another_way, decline) : cancelButton(words.cancel));
    return [keys, beside];
  },
};

const confirm = () => send({ act: "confirm" });
const decline = () => send({ act: "decline" });

function ways() {
  return view.methods_offered.filter((method) => method !== "face" || !usesAnotherWay(view));
}

function methodButton(method, words, number = "") {
  const button = choice("", `method ${method}`, () => send({ act: "method", method }));
  const text = `${number} ${words[`method.${method}`]}`.trim();
  button.replaceChildren(icon(method), element("span", { textContent: text }));
  return button;
}

function waysIn(words) {
  const box = element("div", { className: "methods" });
  box.append(...ways().map((method) => methodButton(method, words)));
  return box;
}

/** Ways in that begin with a press: a card is held to its reader at any time. */
function pressedWays(words) {
  const buttons = ways()
    .filter((method) => method !== "card")
    .map((method) => choice(words[`method.${method}`], "call", () => send({ act: "method", method })));
  const box = element("div", { className: "others" });
  box.append(...buttons);
  return buttons.length ? [box] : [];
}

/** Below the ways in: who has none with them, and who comes to see a home. */
function besideWays(words) {
  const buttons = [
    ...(view.calls_offered ? callButtons(words, (_key, text, onclick) => choice(text, "call", onclick)) : []),
    ...(ways().includes("card") ? [choice(words.forgot_card, "forgot", () => send({ act: "forgot_card" }))] : []),
  ];
  const box = element("div", { className: "others" });
  box.append(...buttons);
  return buttons.length ? [box] : [];
}

function callButtons(words, button) {
  return [
    button("7", words["call.home"], () => send({ act: "call", purpose: "home" })),
    button("8", words["call.courier"], () => send({ act: "call", purpose: "courier" })),
  ];
}

function helpButton(text) {
  const button = choice("", "method help", () => send({ act: "help" }));
  button.replaceChildren(icon("help"), element("span", { textContent: text }));
  return button;
}

function ownFaceButton(text) {
  return choice(text, "own", () => send({ act: "own_face" }));
}

/** A button with the key of a keypad that does the same. */
function numbered(key, text, onclick) {
  const button = choice("", "numbered", onclick);
  button.replaceChildren(element("kbd", { textContent: key }), element("span", { textContent: text }));
  return button;
}

function keyButton(key, words) {
  const name = KEY_NAMES[key];
  const named = name && key !== "-";
  const button = choice(named ? words[name] : key, named ? "key named" : "key", () => type(key));
  if (key === "-") button.ariaLabel = words[name];
  return button;
}

function cancelButton(text) {
  return choice(text, "cancel", () => send({ act: "cancel" }));
}

function choice(text, className, onclick) {
  return element("button", { type: "button", textContent: text, className, onclick });
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

// -- reading aloud --------------------------------------------------------------------------------

let readingEnds = 0;

function setReading(on) {
  clearTimeout(readingEnds);
  reading = on;
  if (view) drawTools();
  if (!on) return hush();
  const keys = [...at("choices").querySelectorAll("button:not(.key)")];
  say([at("title"), at("line"), ...keys], view.language, spoken().full_stop + spoken().gap);
  // The next person did not ask for it.
  readingEnds = setTimeout(() => setReading(false), READING_ENDS_SECONDS * 1000);
}

// -- touch without a choice -----------------------------------------------------------------------

const UNDECIDED_SECONDS = 10;
let undecided = 0;

/** A hand that looks for something on the glass: say that 0 reads aloud, and read after ten seconds. */
function touched(event) {
  if (event.target.closest("button") || undecided || reading) return;
  play("touched");
  if (voiceFor(view?.language ?? "")) speak(texts().zero, view.language);
  undecided = setTimeout(() => {
    undecided = 0;
    if (voiceFor(view?.language ?? "")) setReading(true);
  }, UNDECIDED_SECONDS * 1000);
}

/** A press is a choice: nothing is read to who found their way. */
function chosen() {
  clearTimeout(undecided);
  undecided = 0;
}

function offerReading() {
  at("read").hidden = !voiceFor(view?.language ?? "");
}

// -- the line to the controller ---------------------------------------------------------------------

function connect() {
  lastHeard = performance.now();
  source = new EventSource("/events");
  source.addEventListener("build", (event) => {
    if (event.data !== document.documentElement.dataset.build) location.reload();
  });
  source.addEventListener("view", (event) => {
    lastHeard = performance.now();
    draw(JSON.parse(event.data));
    offerReading();
  });
  source.addEventListener("alive", () => { lastHeard = performance.now(); });
  source.addEventListener("error", lose);
}

function lose() {
  if (!source) return;
  source.close();
  source = null;
  draw({
    ...NOTHING_KNOWN, language: view?.language ?? Object.keys(languages)[0], lane_name: view?.lane_name ?? "",
    // A power cut must not call back the people who were asked to leave.
    screen: view?.screen === "fire" ? "fire" : "fault",
  });
  setTimeout(connect, RETRY_SECONDS * 1000);
}

setInterval(drawCountdown, 250);
setInterval(() => {
  if (source && performance.now() - lastHeard > SILENCE_SECONDS * 1000) lose();
}, 1000);
speakThrough(post);
at("help").onclick = () => send({ act: "help" });
at("language").onclick = () => send({ act: "language", language: nextLanguage() });
at("slower").onclick = () => send({ act: "slower" });
at("read").onclick = () => setReading(!reading);
window.speechSynthesis?.addEventListener("voiceschanged", offerReading);
document.addEventListener("pointerdown", touched);
document.addEventListener("keydown", onKeyboard);
document.addEventListener("contextmenu", (event) => event.preventDefault());
connect();

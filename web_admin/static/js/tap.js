// A desk reader types a card's number and Enter into whatever has the focus. Here it always comes to the
// card's field: from a button, a link or the page it is led there, from another field it is taken back.
// Where no card is asked for, as beside a PIN, it is only taken back: a card's number is no wrong PIN.
const field = document.querySelector("[data-tap]");
const ofCards = /^[0-9A-Fa-fx,]$/; // 0007123456, 108,45678, 0x6CB26E
const fastMilliseconds = 60; // between two keys of a reader; people take longer
const shortestNumber = 7; // longer than a PIN, so that no PIN is taken for a card
let typed = "";
let lastAt = -Infinity;
let before = null; // the other field as it was when the reader began

const isField = (element) => element.matches("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select");

const lead = (event) => {
  if (!field || !/^[0-9A-Fa-f]$/.test(event.key)) return;
  field.focus();
  field.select(); // what was refused before is replaced, not lengthened
};

const takeBack = (event) => {
  const now = performance.now();
  const goesOn = before?.element === event.target && now - lastAt < fastMilliseconds;
  if (event.key === "Enter" && goesOn && typed.length >= shortestNumber) {
    event.preventDefault();
    before.element.value = before.value;
    if (!field) return;
    field.value = typed;
    field.form.requestSubmit();
    return;
  }
  if (!goesOn) {
    typed = "";
    before = { element: event.target, value: event.target.value };
  }
  typed = ofCards.test(event.key) ? typed + event.key : "";
  lastAt = now;
};

document.addEventListener("keydown", (event) => {
  if (event.target.closest("[data-find]")) return; // the search finds cards too
  if (event.target === field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isField(event.target)) takeBack(event);
  else lead(event);
}, true);

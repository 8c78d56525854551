// Keeps the pages of now and of alarms fresh: a stream says when something changed, else they ask themselves.
import { isOn, ring, switchSound } from "./sound.js";

const pollMilliseconds = 4000;
const slowMilliseconds = 30000;
const tryStreamAgainMilliseconds = 60000;

const bar = document.querySelector("#live");
const stale = document.querySelector("#stale");
const live = bar.querySelector("[data-live-on]");
const soundButton = document.querySelector("#sound");
const title = document.title;
let timer = 0;
let isAsking = false;
let shown = 0; // how often something was shown: what was asked for before that is old
let askAgain = false;

// Only what the person really changed is theirs: a focus or an open form alone holds up no news.
const isChanged = (box) => box.value !== box.defaultValue || box.checked !== box.defaultChecked;
const isInHand = (part) => [...part.querySelectorAll("input:not([type=hidden]), textarea")].some(isChanged);

// The same control before and after: by what it is and what it leads to, among equal ones by its place.
const kindOf = (control) => [
  control.tagName, control.id, control.name, control.getAttribute("value"), control.getAttribute("href"),
  control.closest("form")?.getAttribute("action"), control.closest("[id]")?.id, control.textContent.trim(),
].join("\n");
const alike = (part, kind) => [...part.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter((control) => kindOf(control) === kind);

const placeOf = (part) => {
  const control = document.activeElement;
  if (!part.contains(control)) return null;
  const kind = kindOf(control);
  return { kind, index: alike(part, kind).indexOf(control) };
};

const takeFocus = (part, { kind, index }) => {
  const same = alike(part, kind)[index];
  const fits = same?.checkVisibility();
  if (!fits) part.tabIndex = -1;
  (fits ? same : part).focus({ preventScroll: true });
};

const swap = (part, next) => {
  const place = placeOf(part);
  const open = [...part.querySelectorAll("details[open] > summary")].map(kindOf);
  const pointed = part.querySelector(".opens-now.pointed")?.id;
  part.replaceWith(next);
  if (pointed) next.querySelector(`#${CSS.escape(pointed)}`)?.classList.add("pointed");
  next.querySelectorAll("details > summary").forEach((summary) => {
    if (open.includes(kindOf(summary))) summary.parentElement.open = true;
  });
  if (place) takeFocus(next, place);
};

// What was typed into stays as it is; the rest of the list moves on.
const renew = (part, next) => {
  const looks = ({ textContent, className, dataset }) => [textContent, className, dataset.mark].join();
  if (looks(part) === looks(next)) return;
  if (!isInHand(part)) {
    swap(part, next);
    return;
  }
  const keyed = (list) => [...list.children].filter((child) => child.id);
  if (!part.hasAttribute("data-live") || !keyed(next).length && !keyed(part).length) return;
  const fresh = new Map(keyed(next).map((child) => [child.id, child]));
  keyed(part).forEach((child) => {
    if (!fresh.has(child.id) && !isInHand(child)) child.remove();
  });
  let before = null;
  keyed(next).forEach((child) => {
    const own = document.getElementById(child.id);
    if (own) {
      renew(own, child);
      before = document.getElementById(child.id);
    } else if (before) {
      before.after(child);
      before = child;
    } else {
      part.prepend(child);
      before = child;
    }
  });
};

const ALARMS = "#alarms > article, #calls > article.rings";
const alarmIds = () => new Set([...document.querySelectorAll(ALARMS)].map((alarm) => alarm.id));

// How long a visitor has waited: from what the server said, by this page's own clock.
const seenAt = new WeakMap();
const showWaits = () => document.querySelectorAll(".waits").forEach((waits) => {
  if (!seenAt.has(waits)) seenAt.set(waits, performance.now());
  const seconds = Number(waits.dataset.age) + Math.floor((performance.now() - seenAt.get(waits)) / 1000);
  waits.dataset.shown = waits.dataset.text.replace("{seconds}", seconds);
});

// No card of a call moves or changes while a finger or a mouse is on it.
let isPressed = false;
const press = (pressed) => {
  isPressed = pressed;
  if (!pressed) setTimeout(refresh, 300);
};
addEventListener("pointerdown", ({ target }) => { if (target.closest("#calls")) press(true); });
["pointerup", "pointercancel"].forEach((end) => addEventListener(end, () => { if (isPressed) press(false); }));

const showCount = () => {
  const count = Number(document.querySelector("#alarms")?.dataset.count || 0);
  document.title = count ? `(${count}) ${title}` : title;
};

const tellNew = (known) => {
  const added = [...document.querySelectorAll(ALARMS)].filter((alarm) => !known.has(alarm.id));
  added.forEach((alarm) => alarm.classList.add("new"));
  if (added.some((alarm) => !("silent" in alarm.dataset))) ring();
  showCount();
};

/** Show what a page of now has that was loaded meanwhile: all its parts, or those with these ids. */
export const show = (page, ids = null) => {
  const known = alarmIds();
  document.querySelectorAll("[data-live]").forEach((part) => {
    const next = page.getElementById(part.id);
    const isHeld = isPressed && part.id === "calls";
    if (next && !isHeld && (!ids || ids.includes(part.id))) renew(part, next);
  });
  shown += 1;
  const count = page.querySelector("#alarms")?.dataset.count;
  const alarms = document.querySelector("#alarms");
  if (alarms && count !== undefined) alarms.dataset.count = count;
  tellNew(known);
  showWaits();
  document.dispatchEvent(new Event("menjin-changed"));
};

export const refresh = async () => {
  if (isAsking) {
    askAgain = true;
    return;
  }
  isAsking = true;
  try {
    const [asked, before] = [location.href, shown];
    const answer = await fetch(asked, { headers: { Accept: "text/html" } });
    stale.hidden = answer.ok && !answer.redirected;
    if (answer.redirected || answer.status === 401) document.dispatchEvent(new Event("menjin-signed-out"));
    if (!stale.hidden) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (asked !== location.href) return; // other gates were looked for meanwhile
    if (before !== shown) {
      askAgain = true;
      return;
    }
    show(page);
  } catch {
    stale.hidden = false;
  } finally {
    isAsking = false;
    if (askAgain) {
      askAgain = false;
      refresh();
    }
  }
};

const every = (milliseconds) => {
  clearInterval(timer);
  timer = setInterval(() => { if (!document.hidden) refresh(); }, milliseconds);
};

const listen = () => {
  const stream = new EventSource(bar.dataset.stream);
  stream.onopen = () => {
    live.hidden = false;
    every(slowMilliseconds);
  };
  stream.addEventListener("changed", refresh);
  stream.addEventListener("signed-out", () => {
    stream.close();
    clearInterval(timer);
    live.hidden = true;
    stale.hidden = false;
    document.dispatchEvent(new Event("menjin-signed-out"));
  });
  stream.onerror = () => {
    live.hidden = true;
    every(pollMilliseconds);
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, tryStreamAgainMilliseconds);
  };
  addEventListener("pagehide", () => stream.close(), { once: true });
};
// A page that the browser kept for the way back listens again.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  refresh();
  listen();
});

const showSound = (sounds) => {
  soundButton.setAttribute("aria-pressed", String(sounds));
  soundButton.querySelector("[data-on]").hidden = !sounds;
  soundButton.querySelector("[data-off]").hidden = sounds;
};

soundButton.hidden = false;
showSound(isOn());
soundButton.addEventListener("click", () => {
  switchSound(soundButton.getAttribute("aria-pressed") !== "true");
  showSound(isOn());
  ring();
});
// A mouse that points at a lane's button shows its reasons there; a finger and a key press it.
let putAway = ""; // by Escape, until the mouse is elsewhere: a tile that is renewed under it shows nothing again
const point = (box) => {
  document.querySelectorAll(".opens-now.pointed").forEach((other) => other.classList.remove("pointed"));
  box?.classList.add("pointed");
};
document.addEventListener("pointerover", ({ target, pointerType }) => {
  const box = target.closest(".opens-now");
  if (pointerType !== "mouse" || box && box.id === putAway) return;
  putAway = "";
  point(box?.open ? null : box);
});
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  putAway = document.querySelector(".opens-now.pointed")?.id || putAway;
  point(null);
});

// Once a note is empty again, what happened meanwhile is shown.
document.addEventListener("change", refresh);

showCount();
showWaits();
setInterval(showWaits, 1000);
every(pollMilliseconds);
listen();

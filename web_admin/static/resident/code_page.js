// My code: made on the phone, also offline; where the browser cannot hold a key, fetched live.

import { makeCode } from "./code_text.js";
import { drawCode } from "./draw_code.js";
import { keepLit } from "./keep_lit.js";
import { canHoldKey, forget, makeKey, read, write } from "./phone_store.js";

const RENEW_SECONDS = 15;
const CLOCK_FINE_SECONDS = 2;
const PATIENCE_MS = 6000;

if (!document.querySelector("meta[name=service-worker]")) {
  try {
    document.documentElement.classList.toggle("large", localStorage.getItem("menjin-large") === "yes");
  } catch {
    // Nothing is kept here: the usual size.
  }
}
const page = document.querySelector("[data-code-page]");
const tryAgain = document.querySelector("[data-try-again]"); // shown in place of the page that was asked for
if (tryAgain && !location.pathname.startsWith("/r/code/offline")) tryAgain.href = location.href;
const part = (name) => page.querySelector(`[data-${name}]`);
const canvas = part("canvas");
const say = (text, tone = "") => {
  const line = part("message");
  if (line.textContent !== text) line.textContent = text;
  line.dataset.tone = tone;
};
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

let clock = null; // {offsetMs, at}: how far this phone's clock is behind, and when we learnt it
let source = null; // makes the next text
let left = 0;
let renewing = false;

async function ask(address, options = {}) {
  const sent = Date.now();
  const reply = await fetch(address, {
    cache: "no-store", credentials: "same-origin", redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS), ...options,
    headers: { "X-CSRFToken": page.dataset.csrf ?? "", Accept: "application/json", ...options.headers },
  });
  if (!reply.ok) throw new Error(`${address} answered ${reply.status}`);
  const answer = await reply.json();
  if (answer.now_ms) {
    const received = Date.now();
    clock = { offsetMs: answer.now_ms - (sent + received) / 2, at: received };
    if (canHoldKey()) await write("clock", clock);
  }
  return answer;
}

function showClock() {
  const line = part("clock");
  if (!clock) {
    line.textContent = line.dataset.never;
    return;
  }
  const seconds = Math.round(clock.offsetMs / 1000);
  const minutes = Math.max(0, Math.round((Date.now() - clock.at) / 60000));
  const when = minutes === 0 ? line.dataset.now : filled(line.dataset.ago, { minutes });
  const text = Math.abs(seconds) <= CLOCK_FINE_SECONDS ? line.dataset.right
    : seconds > 0 ? line.dataset.slow : line.dataset.fast;
  line.textContent = filled(text, { seconds: Math.abs(seconds), when });
}

const secondNow = () => Math.floor((Date.now() + (clock?.offsetMs ?? 0)) / 1000);

async function renew() {
  if (renewing || !source) return;
  renewing = true;
  try {
    const text = await source();
    drawCode(canvas, text);
    page.dataset.state = "shown";
    left = RENEW_SECONDS;
  } catch {
    // An online code that cannot be fetched must not look alive: hide it, say why, try again soon.
    page.dataset.state = "failed";
    say(page.dataset.noContact, "warn");
    left = 3;
  } finally {
    renewing = false;
    tick(0);
  }
}

const keepCodeLit = () => page.dataset.state === "shown" && keepLit();

function tick(step) {
  left -= step;
  part("seconds").textContent = String(Math.max(left, 0));
  part("ring").setAttribute("stroke-dashoffset", String(RENEW_SECONDS - Math.max(left, 0)));
  if (step) showClock();
  if (left <= 0 && source) renew();
}

const bytesToBase64 = (bytes) => btoa(String.fromCharCode(...bytes));

/** Register a key that is kept here first: a page left meanwhile sends the same one again, and no second. */
async function register(unsent) {
  const key = unsent ?? { ...(await makeKey()), person: page.dataset.person };
  await write("key", key);
  const answer = await ask(page.dataset.keyUrl, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ public_key: bytesToBase64(key.publicKey) }),
  });
  const kept = {
    privateKey: key.privateKey, credentialId: answer.credential_id,
    siteId: answer.site_id, person: page.dataset.person,
  };
  await write("key", kept);
  await navigator.storage?.persist?.();
  return kept;
}

/** The key to sign with: the one kept here, or a new one if this person has none that works. */
async function usableKey() {
  let kept = await read("key");
  if (kept && page.dataset.person && kept.person !== page.dataset.person) kept = null;
  const unsent = kept && !kept.credentialId ? kept : null;
  if (unsent) kept = null;
  if (!page.dataset.person) return kept;
  let state;
  try {
    const known = kept ? `?credential=${kept.credentialId}` : "";
    state = (await ask(page.dataset.contactUrl + known)).state;
  } catch {
    return kept; // no contact: what we have is all we can show
  }
  if (kept && state === "ended") {
    await forget("key");
    part("stopped").hidden = false;
    return null;
  }
  return kept && state !== "unknown" ? kept : register(unsent);
}

function useKey(kept) {
  part("label").textContent = page.dataset.offlineLabel;
  page.dataset.kind = "phone";
  source = () => makeCode(kept.privateKey, kept.siteId, kept.credentialId, secondNow());
}

function useServer() {
  part("label").textContent = page.dataset.onlineLabel;
  page.dataset.kind = "online";
  source = async () => {
    const { text } = await ask(page.dataset.onlineUrl, { method: "POST" });
    say("");
    return text;
  };
}

async function start() {
  page.hidden = false;
  if (canHoldKey()) {
    try {
      clock = (await read("clock")) ?? null;
      const kept = await usableKey();
      if (kept) useKey(kept);
    } catch {
      // Private windows may refuse storage or keys; the online code does the same work.
      source = null;
    }
  }
  if (!source && page.dataset.person && part("stopped").hidden) useServer();
  if (!source) {
    page.dataset.state = "none";
    if (part("stopped").hidden) say(page.dataset.nothing, "warn");
    return;
  }
  await renew();
  showClock();
  keepCodeLit();
  setInterval(() => tick(1), 1000);
}

part("renew").addEventListener("click", renew);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") renew().then(keepCodeLit);
});
window.addEventListener("online", () => {
  if (page.dataset.person) ask(page.dataset.contactUrl).catch(() => {});
});
part("make-new")?.addEventListener("click", async () => {
  part("stopped").hidden = true;
  await forget("key");
  location.reload();
});
start();

// Calls on the page of now: their forms are sent without leaving it, so that sound and picture go on.

import { follow, warmUp } from "./call_media.js";
import { show } from "./now.js";
import { speakHere, speaksHere } from "./speaking_page.js";

const said = document.querySelector("#said");
const stale = document.querySelector("#stale");
let isSending = false;
let isWarm = false;

const ownCalls = () => [...document.querySelectorAll("#calls [data-own-call]")];

const followOwn = () => {
  if (!isWarm && document.querySelector("#calls .rings")) {
    isWarm = true;
    warmUp();
  }
  const speaks = ownCalls().find(({ dataset }) => speaksHere(dataset));
  ownCalls().forEach((call) => { call.querySelector("[data-elsewhere]").hidden = call === speaks; });
  const { since, address } = speaks?.dataset ?? {};
  follow(speaks ? { key: since, address } : null);
};

const take = (page, answered) => {
  said.replaceChildren(...page.querySelector("#said").childNodes);
  const own = page.querySelector(`[data-own-call][data-call-id="${CSS.escape(answered)}"]`);
  if (answered && own) speakHere(own.dataset);
  show(page);
  said.querySelector("[data-problems]")?.focus();
};

const send = async (form, button) => {
  isSending = true;
  button?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form, button) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (page.querySelector("#calls")) take(page, form.dataset.answers ?? "");
    else location.reload(); // signed out meanwhile
  } catch {
    stale.hidden = false;
  } finally {
    isSending = false;
    button?.removeAttribute("aria-busy");
  }
};

// Before other scripts, which hold a form back that was sent once.
document.addEventListener("submit", (event) => {
  if (!event.target.closest("#calls")) return;
  event.preventDefault();
  event.stopPropagation();
  if (!isSending) send(event.target, event.submitter);
}, true);
document.addEventListener("menjin-changed", followOwn);
followOwn();

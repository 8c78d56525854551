// Calls on the page of now: their forms are sent without leaving it, so that sound and picture go on.

import { follow, warmUp } from "./call_media.js";
import { refresh, show } from "./now.js";
import { answeredAt, speaksHere } from "./speaking_page.js";

const LONGEST_SECONDS = 8;
const said = document.querySelector("#said");
const place = document.querySelector("[data-call-media]");
let isWarm = false;
let sending = Promise.resolve();

const ownCalls = () => [...document.querySelectorAll("#calls [data-own-call]")];

const followOwn = () => {
  if (!isWarm && document.querySelector("#calls .rings")) {
    isWarm = true;
    warmUp();
  }
  const speaks = ownCalls().find(({ dataset }) => speaksHere(dataset));
  ownCalls().forEach((call) => {
    call.querySelector("[data-elsewhere]").hidden = call === speaks;
    call.classList.toggle("speaks", call === speaks);
  });
  if (!speaks) {
    follow(null);
    return;
  }
  place.querySelector("[data-media-with]").textContent = speaks.querySelector("h2").textContent.trim();
  follow({ turn: speaks.dataset.turn, address: speaks.dataset.address });
};

const sayUnsent = () => {
  const sentence = Object.assign(document.createElement("p"), { className: "flash warning", role: "alert" });
  sentence.textContent = place.dataset.unsent;
  said.replaceChildren(sentence);
  sentence.scrollIntoView({ block: "nearest" });
};

const take = (answer, page) => {
  said.replaceChildren(...page.querySelector("#said").childNodes);
  answeredAt(answer.url);
  show(page, ["calls", "alarms"]);
  said.querySelector("[data-problems]")?.focus();
};

const send = async (form, body) => {
  try {
    const signal = AbortSignal.timeout(LONGEST_SECONDS * 1000);
    const answer = await fetch(form.action, { method: "POST", body, signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (page.querySelector("#calls")) take(answer, page);
    else if (answer.redirected || [400, 401].includes(answer.status)) location.reload(); // signed out meanwhile
    else sayUnsent();
  } catch {
    sayUnsent();
  } finally {
    delete form.dataset.busy;
    form.querySelectorAll("button").forEach((button) => button.removeAttribute("aria-busy"));
    refresh();
  }
};

// Before other scripts, which hold a form back that was sent once.
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (!form.closest("#calls")) return;
  event.preventDefault();
  event.stopPropagation();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  submitter?.setAttribute("aria-busy", "true");
  const body = new FormData(form);
  if (submitter?.name) body.set(submitter.name, submitter.value);
  sending = sending.then(() => send(form, body)); // one after the other, as they were pressed
}, true);
document.addEventListener("menjin-changed", followOwn);
document.addEventListener("menjin-signed-out", () => follow(null));
followOwn();

// Switches push messages on in this browser. The permission is asked for on the press alone; the server
// gets the browser's address at its push service with the form. Without support the form stays away.

const box = document.querySelector("[data-push]");
const part = (name) => box.querySelector(`[data-push-${name}]`);
const form = part("form");
const SCOPE = "/r/";

const bytesOf = (text) => Uint8Array.from(
  atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const isSupported = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

async function markOf(endpoint) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isActive(registration) {
  const coming = registration.installing ?? registration.waiting;
  if (registration.active || !coming) return Promise.resolve();
  return new Promise((resolve, reject) => {
    coming.addEventListener("statechange", () => {
      if (coming.state === "activated") resolve();
      if (coming.state === "redundant") reject(new Error("the service worker was not installed"));
    });
  });
}

async function subscribed() {
  const registration = await navigator.serviceWorker.register(
    form.dataset.worker, { scope: SCOPE, updateViaCache: "none" });
  await isActive(registration);
  const key = bytesOf(form.dataset.key);
  const before = await registration.pushManager.getSubscription();
  const signer = before?.options.applicationServerKey;
  if (signer && String(new Uint8Array(signer)) !== String(key)) await before.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

function say(name) {
  ["blocked", "failed"].forEach((one) => { part(one).hidden = one !== name; });
}

async function switchOn(event) {
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  say("");
  try {
    if (await Notification.requestPermission() !== "granted") {
      say("blocked");
      return;
    }
    const { endpoint, keys } = (await subscribed()).toJSON();
    Object.entries({ endpoint, ...keys }).forEach(([name, value]) => { form.elements[name].value = value; });
    form.submit();
  } catch {
    say("failed"); // no push service in this browser, or none that it reaches
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

async function markThisOne() {
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  const subscription = await registration?.pushManager.getSubscription();
  const mark = subscription && await markOf(subscription.endpoint);
  const own = mark && box.querySelector(`[data-mark="${mark}"]`);
  if (own) own.querySelector("[data-this]").hidden = false;
  form.hidden = Boolean(own);
}

if (form && isSupported()) {
  part("missing").hidden = true;
  form.addEventListener("submit", switchOn);
  markThisOne().catch(() => { form.hidden = false; });
}

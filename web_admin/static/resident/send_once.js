// A second tap while a form is on its way does nothing. Where scripts do not run, the server answers the
// second sending with what the first one made. Without network a form stays, with what was typed into it;
// pressed again it goes, since some browsers report no network where there is one. A double tap is one press.
const noNetwork = document.querySelector("[data-no-network]");
const DOUBLE_TAP_MS = 1000;
const heldAt = new WeakMap();

function isHeld(form, now) {
  if (!noNetwork || navigator.onLine) return false;
  if (!heldAt.has(form)) heldAt.set(form, now);
  return now - heldAt.get(form) < DOUBLE_TAP_MS;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.target === "_blank") return;
  if (isHeld(form, event.timeStamp)) {
    event.preventDefault();
    form.append(noNetwork);
    noNetwork.hidden = false;
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-busy", "true"));
});
window.addEventListener("online", () => {
  if (noNetwork) noNetwork.hidden = true;
  document.querySelectorAll("form").forEach((form) => heldAt.delete(form));
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((button) => button.removeAttribute("aria-busy"));
  });
});
// What is refused is said once, at the top; each sentence there leads to its field.
const summary = document.querySelector("[data-problems]");
summary?.focus();
summary?.addEventListener("click", (event) => {
  const said = document.getElementById(event.target.hash?.slice(1));
  const field = said && document.querySelector(`[aria-describedby~="${said.id}"]`);
  if (!field) return;
  event.preventDefault();
  const choices = [...field.querySelectorAll("input, select, textarea")];
  (choices.find((choice) => choice.offsetParent) || field).focus();
});

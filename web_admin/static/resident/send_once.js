// A second tap while a form is on its way does nothing. Where scripts do not run, the server answers the
// second sending with what the first one made. Without network a form stays, with what was typed into it.
const noNetwork = document.querySelector("[data-no-network]");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.target === "_blank") return;
  if (noNetwork && !navigator.onLine) {
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
window.addEventListener("online", () => { if (noNetwork) noNetwork.hidden = true; });
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

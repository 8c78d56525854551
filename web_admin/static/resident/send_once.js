// A second tap while a form is on its way does nothing. Where scripts do not run, the server answers the
// second sending with what the first one made.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.target === "_blank") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-busy", "true"));
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

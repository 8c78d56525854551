// A second press while a form is on its way does nothing; the server would not do it twice either.
const fileComesWithinMilliseconds = 2000;

const release = (form) => {
  delete form.dataset.sent;
  form.querySelectorAll("button").forEach((button) => button.removeAttribute("aria-disabled"));
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-disabled", "true"));
  // A file leaves the page as it stands, so nothing else would let its button work again.
  if ("file" in form.dataset) setTimeout(release, fileComesWithinMilliseconds, form);
});
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));
// A file that is too large is said at once, not after a minute of sending it.
document.addEventListener("change", ({ target }) => {
  if (!target.dataset.maxBytes) return;
  const isTooLarge = [...target.files].some((file) => file.size > Number(target.dataset.maxBytes));
  target.setCustomValidity(isTooLarge ? target.dataset.tooLarge : "");
  target.reportValidity();
});
// A group of choices has no aria-invalid of its own: its first choice stands for it.
document.querySelector("[aria-invalid], .field:has(> .wrong) :is(input, select, textarea)")?.focus();
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
  if (button.autofocus) {
    button.focus();
  }
});

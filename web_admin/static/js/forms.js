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
const openFoldsAround = (field) => {
  const foldOf = (element) => element.parentElement?.closest("details:not([open])");
  for (let fold = foldOf(field); fold; fold = foldOf(fold)) fold.open = true;
};
// A browser cannot lead to a field in a closed fold: the form would stay as it is, without a word.
document.addEventListener("invalid", ({ target }) => openFoldsAround(target), true);
// What is refused is said once, at the top; each sentence there leads to its field.
const summary = document.querySelector("[data-problems]");
summary?.focus();
summary?.addEventListener("click", (event) => {
  const said = document.getElementById(event.target.hash?.slice(1));
  const field = said && document.querySelector(`[aria-describedby~="${said.id}"]`);
  if (!field) return;
  event.preventDefault();
  openFoldsAround(field);
  const choices = [...field.querySelectorAll("input, select, textarea")];
  (choices.find((choice) => choice.offsetParent) || field).focus();
});
document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
  if (button.autofocus) {
    button.focus();
  }
});
const isTypedInto = ({ target }) =>
  Boolean(target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]"));
// The keys that there are: "?" shows them, where it is no sign of a text.
document.addEventListener("keydown", (event) => {
  const keys = document.getElementById("keys");
  if (event.key !== "?" || !keys || keys.open || isTypedInto(event) || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  keys.showModal();
});
// One search from every page: "/" or Ctrl-K leads to it, also where the menu is folded.
document.addEventListener("keydown", (event) => {
  const isAsked = event.key === "/" && !isTypedInto(event) || event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
  if (!isAsked) return;
  const boxes = [...document.querySelectorAll("[data-find]")];
  const folded = document.querySelector("details.menu");
  if (!boxes.some((box) => box.checkVisibility()) && folded) folded.open = true;
  const box = boxes.find((one) => one.checkVisibility());
  if (!box) return;
  event.preventDefault();
  box.focus();
});

// Says how many people or gates are chosen; the tick for the whole list ticks those of this page with it.
const form = document.querySelector("[data-choosing]");
const all = form.querySelector("[data-all]");
const boxes = [...form.querySelectorAll("[name=person], [name=gates]")];
const said = form.querySelector("[data-said]");
let last = null;

const say = () => {
  const count = all?.checked ? Number(all.dataset.count) : boxes.filter((box) => box.checked).length;
  said.textContent = count === 1 ? said.dataset.one : said.dataset.many.replace("{count}", String(count));
};

form.addEventListener("change", ({ target }) => {
  if (target === all) boxes.forEach((box) => { box.checked = all.checked; });
  else if (all && !target.checked) all.checked = false;
  say();
});
// Shift and a click tick everyone between the last click and this one.
form.addEventListener("click", ({ target, shiftKey }) => {
  if (!boxes.includes(target)) return;
  if (shiftKey && last) {
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(target)].sort((one, other) => one - other);
    boxes.slice(from, to + 1).forEach((box) => { box.checked = target.checked; });
  }
  last = target;
});
window.addEventListener("pageshow", say);

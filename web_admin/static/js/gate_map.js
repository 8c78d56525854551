// Moves the chosen gate on the map: by dragging, by a press on its place, or by arrow keys. Its form saves it.
const form = document.querySelector("[data-spot]");
const across = form.querySelector("#x");
const down = form.querySelector("#y");
const unsaved = form.querySelector("[data-unsaved]");
const width = 1000; // of the map in its own units, as map_dots.py has them
const height = 700;
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let isDragging = false;

const drawing = () => document.querySelector("#map svg");
const isDot = (target) => Boolean(target.closest?.("#map .dot.chosen"));
const within = (number) => Math.min(1000, Math.max(0, Math.round(number)));

const show = () => {
  const spot = `translate(${(across.value * width) / 1000} ${(down.value * height) / 1000})`;
  drawing().querySelector(".dot.chosen")?.setAttribute("transform", spot);
  unsaved.hidden = across.value === across.defaultValue && down.value === down.defaultValue;
};

const put = (x, y) => {
  across.value = within(x);
  down.value = within(y);
  show();
};

const putAt = (event) => {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing().getScreenCTM().inverse());
  put((point.x * 1000) / width, (point.y * 1000) / height);
};

document.addEventListener("pointerdown", (event) => {
  if (isDot(event.target) && event.button === 0) isDragging = true;
});
document.addEventListener("pointermove", (event) => {
  if (isDragging) putAt(event);
});
document.addEventListener("pointerup", () => { isDragging = false; });
document.addEventListener("pointercancel", () => { isDragging = false; });
document.addEventListener("dragstart", (event) => {
  if (isDot(event.target)) event.preventDefault();
});
document.addEventListener("click", (event) => {
  if (isDot(event.target)) event.preventDefault();
  else if (event.target.closest?.("#map svg") && !event.target.closest(".dot")) putAt(event);
});
document.addEventListener("keydown", (event) => {
  if (!arrows[event.key] || !isDot(event.target)) return;
  event.preventDefault();
  const step = event.shiftKey ? 1 : 10;
  put(Number(across.value) + arrows[event.key][0] * step, Number(down.value) + arrows[event.key][1] * step);
});
form.addEventListener("input", show);
document.addEventListener("menjin-changed", show); // a map that was drawn again shows the dot where it was put

// A visit at the desk ends automatically: what is on the screen goes with it, also after "back".
const bar = document.querySelector("[data-desk]");
const left = bar.querySelector("[data-desk-left]");
const said = bar.querySelector("[data-desk-said]");
const end = performance.now() + Number(bar.dataset.seconds) * 1000;

function show() {
  const seconds = (end - performance.now()) / 1000;
  if (seconds <= 0) {
    location.replace(bar.dataset.over);
    return;
  }
  const text = seconds < 60 ? left.dataset.soon : left.dataset.many.replace("{n}", Math.ceil(seconds / 60));
  if (left.textContent !== text) {
    left.textContent = text;
  }
  if (seconds < 60) {
    said.textContent = text;
  }
}

show();
setInterval(show, 1000);
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

// Make one part after the other and show how far it is; without this script a button does the same.
const box = document.querySelector("[data-print-run]");
const form = box.querySelector("[data-step]");
const bar = box.querySelector("[data-progress]");
const said = box.querySelector("[data-said]");

async function go() {
  form.hidden = true;
  for (;;) {
    const answer = await fetch(form.action, {
      method: "POST", body: new FormData(form), headers: { Accept: "application/json" },
    });
    if (!answer.ok) {
      break;
    }
    const { done, total, state } = await answer.json();
    bar.value = done;
    said.textContent = said.dataset.text.replace("{done}", done).replace("{total}", total);
    if (state !== "making") {
      location.reload();
      return;
    }
  }
  form.hidden = false;
}

go().catch(() => { form.hidden = false; });

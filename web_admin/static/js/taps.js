// A desk reader types a card's number and Enter. In a form of many cards Enter goes on to the next empty
// card instead of sending a half-filled form; on the last one it goes to the button.
document.querySelectorAll("[data-tap-form]").forEach((form) => {
  const cards = [...form.querySelectorAll("input[name$='card']")];
  form.addEventListener("keydown", (event) => {
    const at = cards.indexOf(event.target);
    if (event.key !== "Enter" || at < 0) return;
    event.preventDefault();
    const next = cards.slice(at + 1).find((field) => !field.value);
    (next ?? form.querySelector("button[type=submit]")).focus();
  });
});

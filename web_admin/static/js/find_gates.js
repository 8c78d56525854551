// Finds gates while a name is typed: asks for the same page narrowed, and shows its parts. Without it the form does.
const waitMilliseconds = 250;

const form = document.querySelector("[data-find-gates]");
let timer = 0;
let asked = 0;

const find = async () => {
  const number = asked += 1;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "text/html" } });
    if (!answer.ok || number !== asked) return;
    history.replaceState(null, "", answer.url); // what refreshes the page asks for the same gates
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (number !== asked) return;
    document.querySelectorAll("[data-found]").forEach((part) => {
      const next = page.getElementById(part.id);
      if (next) part.replaceWith(next);
    });
  } catch {
    // The page says itself when the server is away; the button sends the form.
  }
};

if (form) {
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, waitMilliseconds);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    find();
  });
}

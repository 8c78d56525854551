// Keeps the page of now fresh: asks every few seconds and swaps the parts that changed.
const everyMilliseconds = 4000;

const refresh = async () => {
  if (document.hidden || document.querySelector("[data-live] :focus")) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const stale = document.querySelector("#stale");
  if (!answer.ok || answer.redirected) {
    stale.hidden = false;
    return;
  }
  stale.hidden = true;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelectorAll("[data-live]").forEach((part) => {
    const next = fresh.getElementById(part.id);
    if (next && next.textContent !== part.textContent) part.replaceWith(next);
  });
};

setInterval(() => refresh().catch(() => { document.querySelector("#stale").hidden = false; }), everyMilliseconds);

// Shows the controller once it has come: its characters, and then that it is paired.
const askAgainMilliseconds = 2000;

const look = async () => {
  const box = document.querySelector("#pairing");
  if (box.dataset.state !== "code") return;
  try {
    const answer = await fetch(box.dataset.page, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.querySelector("#pairing");
    if (answer.ok && next && next.dataset.state !== "code") box.replaceWith(next);
  } catch {
    // The server is away for a moment; the next look may find it.
  }
  setTimeout(look, askAgainMilliseconds);
};

setTimeout(look, askAgainMilliseconds);

// Renews the page's figures in place, keeps focus and what was typed, and says when the head office is lost.

const live = document.getElementById("live");
const lost = document.getElementById("lost");
const seconds = Math.max(5, Math.min(60, Number(live?.dataset.refresh) || 60));

function isTyping() {
  return ["INPUT", "SELECT"].includes(document.activeElement?.tagName);
}

async function renew() {
  if (document.hidden || isTyping()) return;
  let answer;
  try {
    answer = await fetch(location.href, { credentials: "same-origin", redirect: "manual" });
  } catch {
    lost.hidden = false;
    return;
  }
  if (answer.type === "opaqueredirect") {
    location.reload();
    return;
  }
  lost.hidden = answer.ok;
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  if (!fresh || isTyping()) return;
  const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const opened = live.querySelector("details")?.open;
  if (opened !== undefined) fresh.querySelector("details")?.toggleAttribute("open", opened);
  live.replaceChildren(...fresh.childNodes);
  if (focused) live.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

if (live) {
  setInterval(renew, seconds * 1000);
  document.addEventListener("visibilitychange", renew);
}

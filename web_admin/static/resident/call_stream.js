// Says when a call to the home began, changed or ended: by a stream, else by asking every few seconds while
// the page is seen. What comes is a mark that says nothing; the page then asks with its own rights.

const ASK_EVERY_MS = 3000;
const TRY_AGAIN_MS = 60000;
const QUIET = "-";

/** `showsCall`: a call was shown when the page came, which may be over before the stream begins. */
export function listen(onNews, showsCall = false) {
  let stream = null;
  let known = null;
  let askTimer = 0;

  const ask = () => {
    if (document.visibilityState === "visible") onNews();
  };
  const askMyself = () => {
    if (!askTimer) askTimer = setInterval(ask, ASK_EVERY_MS);
  };
  const stopAsking = () => {
    clearInterval(askTimer);
    askTimer = 0;
  };
  const close = () => {
    stream?.close();
    stream = null;
  };
  const open = () => {
    if (!("EventSource" in window)) return askMyself();
    close();
    stream = new EventSource(`/r/call/stream${known ? `?known=${encodeURIComponent(known)}` : ""}`);
    stream.addEventListener("open", stopAsking);
    stream.addEventListener("changed", ({ data }) => {
      const before = known;
      known = data;
      if (data !== QUIET || before !== null || showsCall) onNews();
    });
    stream.addEventListener("signed-out", () => {
      close();
      onNews();
      askMyself();
    });
    stream.addEventListener("error", () => {
      askMyself();
      // The browser connects again, unless the server refused or had no place left.
      if (stream?.readyState === EventSource.CLOSED) setTimeout(open, TRY_AGAIN_MS);
    });
    return undefined;
  };

  document.addEventListener("visibilitychange", ask);
  // A page that is kept for the way back must hold no connection meanwhile.
  window.addEventListener("pagehide", () => {
    close();
    stopAsking();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      ask();
      open();
    }
  });
  open();
  return () => {
    close();
    stopAsking();
  };
}

// A call speaks on the page on which it was answered last, and on no other that the same person or account has open:
// each would take the sound from the other. The server gives each answer a mark, and the address to which it leads the
// page that answered brings it along. It is kept with the tab, so that it outlives a reload.

const KEY = "menjin-speaks";
const LOCK = "menjin-speaks";

export const speaksHere = ({ turn }) => Boolean(turn) && sessionStorage.getItem(KEY) === turn;

export const speakHere = (turn) => sessionStorage.setItem(KEY, turn);

/** Take the mark from the address of a page, if it has one; return the address without it. */
export function answeredAt(address) {
  const url = new URL(address);
  const turn = url.searchParams.get("answered");
  if (turn) speakHere(turn);
  url.searchParams.delete("answered");
  return url.href;
}

/** Be the one page of this browser that speaks, until the returned function is called; a page that begins to speak
 *  after this one takes it away, as a tab does that was duplicated. */
export function speakAlone(onTaken) {
  let release = () => {};
  let isOver = false;
  const held = new Promise((done) => { release = done; });
  navigator.locks?.request(LOCK, { steal: true }, () => held).catch(() => {
    if (isOver) return;
    sessionStorage.removeItem(KEY);
    onTaken();
  });
  return () => {
    isOver = true;
    release();
  };
}

history.replaceState(history.state, "", answeredAt(location.href));

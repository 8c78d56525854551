// Tells every page of staff which alarms wait: a number in the menu, a line that is read out, a sound.
import { isOn, ring } from "./sound.js";

const pollMilliseconds = 15000;
const tryStreamAgainMilliseconds = 60000;
const callAgainMilliseconds = 8000;
const knownKey = "menjin-alarms-known";

const news = document.querySelector("#alarm-news");
const line = news.querySelector("[data-new]");
const visitorLine = news.querySelector("[data-visitor]");
const ownsStream = !document.querySelector("#live"); // the pages of now and of alarms have their own
const hasCards = Boolean(document.querySelector("#calls")); // the page of now shows and rings each call
const between = new BroadcastChannel("menjin-live");
let isLeading = false;
let timer = 0;
let calling = 0;

const known = () => JSON.parse(sessionStorage.getItem(knownKey) || "null")
  || { newest: news.dataset.newest, ringing: news.dataset.ringing };

// A call for help or of a visitor goes on until one of the staff has it, from one page of this browser alone.
const callOn = (calls) => {
  const isCalling = calls > 0 && isLeading;
  if (isCalling && !calling) {
    calling = setInterval(() => { if (isOn()) ring(); }, callAgainMilliseconds);
  } else if (!isCalling) {
    clearInterval(calling);
    calling = 0;
  }
};

const show = ({ count, newest, ringing, calls, visitors }) => {
  document.querySelectorAll("[data-alarm-count]").forEach((badge) => {
    badge.hidden = count === 0;
    badge.querySelector("[data-number]").textContent = String(count);
  });
  const before = known();
  if (ownsStream) {
    if (count === 0) line.hidden = true;
    else if (newest > before.newest) line.hidden = false;
    if (ringing > before.ringing && isLeading) ring();
  }
  if (!hasCards) {
    visitorLine.hidden = !visitors;
    if (visitors > Number(news.dataset.visitors) && isLeading) ring();
  }
  news.dataset.visitors = String(visitors);
  sessionStorage.setItem(knownKey, JSON.stringify({ newest, ringing }));
  news.dataset.calls = String(calls);
  callOn(calls + visitors);
};

const ask = async () => {
  try {
    const answer = await fetch(news.dataset.ask, { headers: { Accept: "application/json" } });
    if (answer.ok && !answer.redirected) show(await answer.json());
  } catch {
    // The next news or the next turn asks again; the page of now says when the server is away.
  }
};

const tell = () => {
  between.postMessage("changed");
  ask();
};

const poll = (isWanted) => {
  clearInterval(timer);
  timer = isWanted ? setInterval(tell, pollMilliseconds) : 0;
};

const listen = () => {
  const stream = new EventSource(news.dataset.stream);
  stream.onopen = () => poll(false);
  stream.addEventListener("changed", tell);
  stream.addEventListener("signed-out", () => {
    stream.close();
    poll(false);
  });
  stream.onerror = () => {
    poll(true);
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, tryStreamAgainMilliseconds);
  };
  addEventListener("pagehide", () => stream.close());
};

// One page of a browser listens for all of them, so that open pages need few of the server's streams.
const lead = () => {
  isLeading = true;
  if (ownsStream) listen();
  ask();
  return new Promise(() => {});
};

between.onmessage = ask;
document.addEventListener("menjin-changed", tell);
show({
  count: Number(news.dataset.count), newest: news.dataset.newest, ringing: news.dataset.ringing,
  calls: Number(news.dataset.calls), visitors: Number(news.dataset.visitors),
});
if (navigator.locks) navigator.locks.request("menjin-live", lead);
else lead();

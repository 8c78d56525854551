// Serves the code page when the network is gone, and shows push messages. The server puts `VERSION`, `SHELLS`,
// `PARTS` and `ICON` above.
// Only the empty shell and its scripts are kept: no page with personal records ever enters the cache.

const CACHE = `menjin-${VERSION}`;
const LANGUAGE_CACHE = "menjin-language";
const PATIENCE_MS = 5000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(CACHE)
      .then((cache) => cache.addAll([...Object.values(SHELLS), ...PARTS].map((address) => new Request(address, { cache: "reload" }))))
      .then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(
        names.filter((name) => name.startsWith("menjin-") && ![CACHE, LANGUAGE_CACHE].includes(name)).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()));
});

async function shell() {
  const kept = await caches.match("/r/language", { cacheName: LANGUAGE_CACHE });
  const language = kept ? await kept.text() : "";
  return caches.match(SHELLS[language] ?? Object.values(SHELLS)[0]);
}

async function pageOrShell(request) {
  try {
    const reply = await Promise.race([
      fetch(request),
      new Promise((_, reject) => setTimeout(() => reject(new Error("too slow")), PATIENCE_MS)),
    ]);
    if (![502, 503, 504].includes(reply.status)) return reply;
  } catch {
    // no network, or none worth waiting for
  }
  return shell();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(pageOrShell(request));
  else if (PARTS.includes(address.pathname)) {
    event.respondWith(caches.match(address.pathname).then((kept) => kept ?? fetch(request)));
  }
});

// A push message is shown as it came: the declarative form, which newer systems show without this program.
// One that cannot be read is shown without words, since a push that shows nothing costs the permission.
// Of a call it first asks how that is: one that came late says that it was missed, and rings no more.
const CALL_PAGE = /^\/r\/call\/[A-Za-z0-9_-]+$/;
const CALL_PATIENCE_MS = 2500;

async function asItIs(said) {
  try {
    const address = new URL(said.navigate, self.location.origin);
    if (!CALL_PAGE.test(address.pathname)) return said;
    const reply = await fetch(`${address.pathname}/state`, {
      cache: "no-store", redirect: "error", signal: AbortSignal.timeout(CALL_PATIENCE_MS),
    });
    const { rings, text } = await reply.json();
    if (!rings) return { ...said, body: text, silent: true };
  } catch {
    // no network, or signed out: shown as it came
  }
  return { ...said, requireInteraction: true, vibrate: [500, 250, 500, 250, 500] };
}

self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data.json().notification ?? {};
  } catch {
    // not from this server, or not whole
  }
  event.waitUntil(asItIs(said).then(({ title = "Menjin", body, lang, tag, navigate, silent, ...more }) => (
    self.registration.showNotification(title, {
      body, lang, tag, renotify: Boolean(tag) && !silent, silent, icon: ICON, data: { navigate }, ...more,
    }))));
});

async function showPage(address) {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const same = open.find((one) => one.url.split(/[?#]/)[0] === address.href);
  return same ? same.focus() : self.clients.openWindow(address.href);
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const address = new URL(event.notification.data?.navigate ?? "/r/", self.location.origin);
  if (address.origin === self.location.origin) event.waitUntil(showPage(address));
});

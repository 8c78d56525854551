// Keeps the code page usable without network. Scope and contents: service_worker.js. The language is
// kept beside it, so that changing it never replaces a worker in the middle of a visit.

try {
  localStorage.setItem("menjin-large", document.documentElement.classList.contains("large") ? "yes" : "");
} catch {
  // A browser that keeps nothing: the switch above still works while online.
}
const elsewhere = document.querySelector("[data-in-browser=offline]");
if (elsewhere) elsewhere.hidden = "serviceWorker" in navigator;
if ("serviceWorker" in navigator) {
  const address = document.querySelector("meta[name=service-worker]")?.content;
  if (address) {
    caches.open("menjin-language")
      .then((cache) => cache.put("/r/language", new Response(document.documentElement.lang.slice(0, 2))))
      .catch(() => {});
    navigator.serviceWorker.register(address, { scope: "/r/", updateViaCache: "none" }).catch(() => {
      // Not offered here (plain HTTP, private window): everything but the offline start still works.
    });
  }
}

// Keeps the code page usable without network. Scope and contents: service_worker.js.

if ("serviceWorker" in navigator) {
  const address = document.querySelector("meta[name=service-worker]")?.content;
  if (address) {
    navigator.serviceWorker.register(address, { scope: "/r/", updateViaCache: "none" }).catch(() => {
      // Not offered here (plain HTTP, private window): everything but the offline start still works.
    });
  }
}

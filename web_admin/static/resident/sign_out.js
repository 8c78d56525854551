// Signing out takes this phone's key away and tells the server which one it was.
// A plain script before its form: the page's button does not exist until this listens to it.

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-sign-out]")) return;
  event.preventDefault();
  if (form.dataset.sent) return;
  form.dataset.sent = "yes";
  try {
    const phone = await import("./phone_store.js");
    if (phone.canHoldKey()) {
      const kept = await phone.read("key");
      if (kept?.credentialId) form.elements.credential_id.value = kept.credentialId;
      await phone.forget("key");
    }
  } finally {
    form.submit();
  }
});

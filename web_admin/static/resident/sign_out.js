// Signing out takes this phone's key away and tells the server which one it was.

import { canHoldKey, forget, read } from "./phone_store.js";

const form = document.querySelector("[data-sign-out]");
form?.addEventListener("submit", async (event) => {
  if (!canHoldKey()) return;
  event.preventDefault();
  try {
    const kept = await read("key");
    if (kept?.credentialId) form.elements.credential_id.value = kept.credentialId;
    await forget("key");
  } finally {
    form.submit();
  }
});

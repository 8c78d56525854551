// Says which of one's phones is the one in the hand: only its browser knows its own key.

import { canHoldKey, read } from "./phone_store.js";

if (canHoldKey()) {
  const kept = await read("key").catch(() => null);
  const own = document.querySelector(`[data-phone="${kept?.credentialId}"] [data-own]`);
  if (own) own.hidden = false;
}

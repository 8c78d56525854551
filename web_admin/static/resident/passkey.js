// Passkeys: made by the phone and unlocked as the phone is. The buttons stay away where there are none.

const bytesOf = (text) => Uint8Array.from(
  atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const textOf = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function post(button, address, body) {
  const reply = await fetch(address, {
    method: "POST", credentials: "same-origin", redirect: "error", cache: "no-store",
    headers: { "X-CSRFToken": button.dataset.csrf, "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Error(answer.error ?? "");
  return answer;
}

const withBytes = (options) => ({
  ...options,
  challenge: bytesOf(options.challenge),
  ...(options.user && { user: { ...options.user, id: bytesOf(options.user.id) } }),
  ...(options.excludeCredentials && {
    excludeCredentials: options.excludeCredentials.map((known) => ({ ...known, id: bytesOf(known.id) })),
  }),
});

function asJson(made) {
  const parts = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) parts[name] = textOf(made.response[name]);
  }
  return {
    id: made.id, rawId: textOf(made.rawId), type: made.type, response: parts,
    clientExtensionResults: made.getClientExtensionResults(),
  };
}

async function press(button, ask) {
  const line = document.querySelector("[data-passkey-message]");
  button.setAttribute("aria-disabled", "true");
  line.textContent = "";
  try {
    const options = withBytes(await post(button, button.dataset.optionsUrl, {}));
    const made = await ask({ publicKey: options });
    location.assign((await post(button, button.dataset.url, asJson(made))).next);
  } catch (error) {
    // A cancelled question, a phone that has none, or no network: the other way stands right below.
    line.textContent = (!(error instanceof DOMException) && error.message) || button.dataset.failed;
    button.removeAttribute("aria-disabled");
  }
}

const box = document.querySelector("[data-passkey]");
const elsewhere = document.querySelector("[data-in-browser=passkey]");
if (elsewhere) elsewhere.hidden = Boolean(window.PublicKeyCredential);
if (box && window.isSecureContext && window.PublicKeyCredential && navigator.credentials) {
  const button = box.querySelector("button[data-url]");
  box.hidden = button.hidden = false;
  const ask = button.hasAttribute("data-make")
    ? (options) => navigator.credentials.create(options)
    : (options) => navigator.credentials.get(options);
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") press(button, ask);
  });
}

// The text of a resident's renewing code: pure bytes, nothing of this page or this phone.
// The layout is the one of gate_controller/contract/passes.py; a browser test reads what we draw with it.

const DOMAIN = "menjin/resident-qr/1";
const RESIDENT_CODE = 1;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** Base45 of bytes, RFC 9285: two bytes become three characters, a last single one two. */
export function base45(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length;
    let value = pair ? bytes[i] * 256 + bytes[i + 1] : bytes[i];
    for (let n = pair ? 3 : 2; n > 0; n -= 1) {
      text += ALPHABET[value % 45];
      value = Math.floor(value / 45);
    }
  }
  return text;
}

/** The 13 bytes that open a code: kind, credential (16 hex digits), unix second, big-endian. */
export function codeBody(credentialId, second) {
  const body = new Uint8Array(13);
  body[0] = RESIDENT_CODE;
  for (let i = 0; i < 8; i += 1) body[1 + i] = parseInt(credentialId.slice(2 * i, 2 * i + 2), 16);
  new DataView(body.buffer).setUint32(9, second);
  return body;
}

/** What the phone signs: domain NUL site NUL body. */
export function signedMessage(siteId, body) {
  const head = new TextEncoder().encode(`${DOMAIN}\0${siteId}\0`);
  const message = new Uint8Array(head.length + body.length);
  message.set(head);
  message.set(body, head.length);
  return message;
}

/** One code's text, signed by `privateKey` (P-256; WebCrypto makes the raw 64 bytes we need). */
export async function makeCode(privateKey, siteId, credentialId, second) {
  const body = codeBody(credentialId, second);
  const signature = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" }, privateKey, signedMessage(siteId, body));
  const whole = new Uint8Array(body.length + 64);
  whole.set(body);
  whole.set(new Uint8Array(signature), body.length);
  return base45(whole);
}

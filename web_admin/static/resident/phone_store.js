// What this phone keeps, in IndexedDB: its key, which no script can read out, and how wrong its clock is.

const DATABASE = "menjin";
const STORE = "phone";

/** Whether this browser can hold a key: not in old phones, some in-app browsers, or without HTTPS. */
export function canHoldKey() {
  return window.isSecureContext && Boolean(window.crypto?.subtle) && Boolean(window.indexedDB);
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function run(mode, work) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const change = database.transaction(STORE, mode);
      const request = work(change.objectStore(STORE));
      change.oncomplete = () => resolve(request.result);
      change.onerror = () => reject(change.error);
      change.onabort = () => reject(change.error);
    });
  } finally {
    database.close();
  }
}

export const read = (name) => run("readonly", (store) => store.get(name));
export const write = (name, value) => run("readwrite", (store) => store.put(value, name));
export const forget = (name) => run("readwrite", (store) => store.delete(name));

/** A new key pair: the private half stays in the browser, the public half is 65 bytes to register. */
export async function makeKey() {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const point = await crypto.subtle.exportKey("raw", pair.publicKey);
  return { privateKey: pair.privateKey, publicKey: new Uint8Array(point) };
}

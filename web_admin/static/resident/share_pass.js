// Sends a visitor's link, picture or message through the phone's own share sheet; where there is none, copies and
// saves. A message stands in the field itself; a link has words of its own beside it.

const box = document.querySelector("[data-sharing]");

async function copy() {
  const field = box.querySelector("[data-share-link]");
  let done = true;
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    field.focus();
    field.select();
    done = document.execCommand("copy"); // older browsers, and those within other apps
  }
  box.querySelector("[data-share-done]").textContent = done ? box.dataset.copied : box.dataset.byHand;
}

async function shareLink() {
  try {
    const { text, url } = box.dataset;
    await navigator.share(url ? { text, url } : { text: box.querySelector("[data-share-link]").value });
  } catch (err) {
    if (err.name !== "AbortError") await copy();
  }
}

/** Share the picture itself; the plain link downloads it where pictures cannot be shared. */
async function sharePicture(event) {
  const link = event.currentTarget;
  const probe = new File([new Uint8Array(1)], link.download, { type: "image/png" });
  if (!navigator.canShare?.({ files: [probe] })) return;
  event.preventDefault();
  try {
    const reply = await fetch(link.href, { credentials: "omit" });
    const file = new File([await reply.blob()], link.download, { type: "image/png" });
    await navigator.share({ files: [file], text: box.dataset.text });
  } catch (err) {
    if (err.name !== "AbortError") location.assign(link.href);
  }
}

if (box) {
  const share = box.querySelector("[data-share]");
  share.hidden = !navigator.share;
  share.addEventListener("click", shareLink);
  const copier = box.querySelector("[data-copy]");
  copier.hidden = false;
  copier.classList.toggle("quiet", !share.hidden); // one main button, whichever there is
  copier.addEventListener("click", copy);
  box.querySelector("[data-share-picture]")?.addEventListener("click", sharePicture);
}

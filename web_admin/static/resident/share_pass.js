// Sends a visitor's link or picture through the phone's own share sheet; where there is none, copies and saves.

const box = document.querySelector("[data-sharing]");

async function copy() {
  const field = box.querySelector("[data-share-link]");
  try {
    await navigator.clipboard.writeText(box.dataset.url);
    box.querySelector("[data-share-done]").textContent = box.dataset.copied;
  } catch {
    field.focus();
    field.select(); // then the phone's own menu copies it
  }
}

async function shareLink() {
  try {
    await navigator.share({ text: box.dataset.text, url: box.dataset.url });
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
  copier.addEventListener("click", copy);
  box.querySelector("[data-share-picture]")?.addEventListener("click", sharePicture);
}

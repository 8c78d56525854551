// Sends a visitor's link through the phone's own share sheet, or copies it.

const button = document.querySelector("[data-share]");
if (button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const { url, done } = button.dataset;
    try {
      if (navigator.share) await navigator.share({ url });
      else {
        await navigator.clipboard.writeText(url);
        document.querySelector("[data-share-done]").textContent = done;
      }
    } catch {
      document.querySelector("[data-share-link]").select?.();
    }
  });
}

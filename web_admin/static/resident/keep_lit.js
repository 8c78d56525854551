// While a code is shown the screen stays lit, where the browser can: a dark one cannot be read.

export async function keepLit() {
  if (document.visibilityState !== "visible") return;
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // Low battery, or not offered: the hint below the code says to make the screen bright.
  }
}

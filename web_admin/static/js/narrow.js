// Shows of a long list the entries that have what is typed above it; ticked ones stay in sight. Folded entries
// open while few are left, down to the rows that were meant.
// A number is the beginning of one, as where the server finds gates (web/places.py): 5栋 is not in 15栋.
const opensAtMost = 3;

const plain = (text) => text.normalize("NFKC").toLowerCase();
const has = (text, word) => {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!/^\d/.test(word) || !/\d/.test(text[at - 1] ?? "")) return true;
  }
  return false;
};
const isMeant = (part, words) => words.every((word) => has(plain(part.textContent), word));
const isTicked = (part) => Boolean(part.querySelector(":checked"));

for (const field of document.querySelectorAll("[data-narrow]")) {
  const entries = [...document.getElementById(field.dataset.narrow).children];
  const folded = new Set(entries.filter((entry) => entry.matches("details:not([open])")));

  const narrowRows = (entry, words) => {
    const isWhole = isMeant(entry.querySelector("summary"), words);
    const rows = [...entry.querySelectorAll("li")];
    for (const row of rows) row.hidden = !isWhole && !isMeant(row, words) && !isTicked(row);
    return isWhole || rows.some((row) => !row.hidden);
  };
  const narrow = () => {
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    for (const entry of entries) {
      entry.hidden = folded.has(entry) ? !narrowRows(entry, words) : !isMeant(entry, words) && !isTicked(entry);
    }
    const areFew = words.length > 0 && entries.filter((entry) => !entry.hidden).length <= opensAtMost;
    for (const entry of folded) entry.open = areFew || isTicked(entry);
  };
  field.closest("[hidden]").hidden = false;
  field.addEventListener("input", narrow);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it looks for an entry, it sends no form
  });
}

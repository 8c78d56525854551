// Shows of a long list the entries that have what is typed above it; ticked ones stay in sight.
for (const field of document.querySelectorAll("[data-narrow]")) {
  const entries = [...document.getElementById(field.dataset.narrow).children];
  const narrow = () => {
    const wanted = field.value.trim().toLowerCase();
    for (const entry of entries) {
      const stays = entry.textContent.toLowerCase().includes(wanted) || entry.querySelector(":checked");
      entry.hidden = !stays;
    }
  };
  field.closest("[hidden]").hidden = false;
  field.addEventListener("input", narrow);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it looks for an entry, it sends no form
  });
}

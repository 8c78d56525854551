// The bench: buttons become acts, the stream becomes lamps and bytes.
const words = document.body.dataset;
const said = document.getElementById("said");

const offered = document.getElementById("offered");
let offer = null;

async function send(act) {
  said.textContent = "…";
  said.classList.remove("opened");
  offered.hidden = true;
  try {
    const reply = await fetch(`/acts${location.search}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Menjin-Bench": "1" },
      body: JSON.stringify(act),
    });
    const answer = await reply.json();
    said.textContent = answer.error ?? answer.said;
    said.classList.toggle("opened", Boolean(answer.opened));
    offer = answer.offer ?? null;
    offered.textContent = answer.label ?? "";
    offered.hidden = !answer.label;
    return !answer.error;
  } catch {
    said.textContent = words.lost;
    return false;
  }
}

offered.addEventListener("click", () => send(offer));

function where(element) {
  return {
    gate: element.closest("[data-gate]")?.dataset.gate ?? "",
    lane: element.closest("[data-lane]")?.dataset.lane ?? "",
  };
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-act], button[data-toggle]");
  if (!button) return;
  const { act, toggle, on = "", twin = "", kind = "", renamed = "", number = "" } = button.dataset;
  const turned = button.getAttribute("aria-pressed") === "true" ? "0" : "1";
  const reloads = "reload" in button.dataset;
  button.disabled = reloads || act === "register";
  const done = await send({ act: act ?? toggle, on: toggle ? turned : on, twin, kind, renamed, number, ...where(button) });
  // A gate that was set up is not on this page yet.
  if (reloads && done) location.reload();
  if (reloads || act === "register") button.disabled = false;
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const at = event.submitter?.value ?? "";
  const fields = Object.fromEntries(new FormData(form));
  if (fields.card) fields.card = numberOf(fields.card);
  const walks = form.closest("[data-lane]")?.querySelector("[data-walks]")?.checked ? "1" : "0";
  send({ act: form.dataset.form, at, walks, ...fields, ...where(form) });
});

// What was typed may be a card's holder from the list, or a number.
function numberOf(typed) {
  const known = [...document.querySelectorAll("#cards option")].find((option) => option.value === typed.trim());
  return known?.dataset.card ?? typed.trim();
}

// A list offers what its field holds alone, so a click empties the way to the others.
document.addEventListener("focusin", (event) => {
  if (event.target.matches("input[list]")) event.target.select();
});

function lamp(element, on) {
  element.classList.toggle("on", on);
  element.textContent = on ? words.running : words.stopped;
}

// A button for what is so already does nothing, so it rests.
function rest(box, act, on) {
  for (const button of box.querySelectorAll(`[data-act="${act}"][data-on]`)) {
    button.disabled = button.dataset.on === (on ? "1" : "0");
  }
}

function turn(box, act, on, kind = "") {
  const wanted = kind ? `[data-toggle="${act}"][data-kind="${kind}"]` : `[data-toggle="${act}"]`;
  box.querySelector(wanted)?.setAttribute("aria-pressed", on ? "true" : "false");
}

// Lines are made as text alone: what a gate wrote is never taken for markup.
function list(box, entries) {
  const text = JSON.stringify(entries);
  if (box.dataset.shown === text) return;
  box.dataset.shown = text;
  box.replaceChildren(...entries.map((entry) => {
    const line = document.createElement("li");
    if (entry.tone) line.classList.add(entry.tone);
    for (const name of ["at", "what", "where", "why"]) {
      const part = document.createElement(name === "what" ? "b" : "span");
      part.textContent = entry[name];
      if (entry[name]) line.append(part, " ");
    }
    return line;
  }));
  if (!entries.length) {
    box.append(document.createElement("li"));
    box.firstChild.textContent = words.none;
  }
}

function showTelephone(box, calls) {
  const text = JSON.stringify(calls);
  if (box.dataset.shown === text) return;
  box.dataset.shown = text;
  const made = calls.map(({ number, talks }) => {
    const row = box.parentElement.querySelector("template").content.cloneNode(true);
    row.querySelector("[data-number]").textContent = number;
    row.querySelector("[data-talk]").textContent = talks ? words.talks : words.rings;
    for (const button of row.querySelectorAll("button")) {
      button.dataset.number = number;
      button.hidden = talks === ["answer", "reject"].includes(button.dataset.kind);
    }
    return row;
  });
  box.replaceChildren(...made);
  if (calls.length) return;
  const quiet = document.createElement("p");
  quiet.className = "quiet";
  quiet.textContent = words.quiet;
  box.append(quiet);
}

function showLane(box, lane) {
  const relay = box.querySelector("[data-relay]");
  const open = lane.contacts.door_open === true;
  const released = lane.contacts.fire === true; // the fire panel cuts the lock's power, and no relay is asked
  relay.classList.toggle("on", released || lane.on || open);
  relay.textContent = released ? words.released : open ? words.door : lane.on ? words.moving : words.shut;
  box.classList.toggle("unlocked", released || lane.on);
  box.classList.toggle("open", open);
  for (const [kind, active] of Object.entries(lane.contacts)) turn(box, "contact", active, kind);
  if (!lane.osdp) return;
  turn(box, "osdp_case", lane.osdp.open);
  turn(box, "osdp_power", lane.osdp.power);
  const state = box.querySelector("[data-osdp]");
  state.dataset.light = lane.osdp.secure ? lane.osdp.light : "";
  state.textContent = [
    lane.osdp.secure ? words.secure : words.insecure,
    lane.osdp.secure && words[lane.osdp.light],
  ].filter(Boolean).join(" · ");
}

function show(state) {
  rest(document, "server", state.server);
  lamp(document.querySelector("[data-server-lamp]"), state.server);
  for (const [gateId, gate] of Object.entries(state.gates)) {
    const box = document.querySelector(`[data-gate="${gateId}"]`);
    if (!box) continue;
    lamp(box.querySelector("[data-gate-lamp]"), gate.runs);
    box.classList.toggle("cut", gate.cut);
    rest(box, "power", gate.runs);
    rest(box, "network", !gate.cut);
    turn(box, "stuck", gate.stuck);
    turn(box, "mute", gate.mute);
    list(box.querySelector("[data-journal]"), gate.journal);
    if (gate.telephone) showTelephone(box.querySelector("[data-telephone]"), gate.telephone);
    for (const [laneId, lane] of Object.entries(gate.lanes)) {
      showLane(box.querySelector(`[data-lane="${laneId}"]`), lane);
    }
    for (const [name, wire] of Object.entries(gate.wires)) {
      const row = box.querySelector(`[data-wire="${name}"]`);
      rest(row, "cable", wire.plugged);
      row.classList.toggle("out", !wire.plugged);
      row.querySelector("code").textContent = wire.last || "–";
    }
  }
}

const stream = new EventSource(`/events${location.search}`);
stream.onmessage = (message) => show(JSON.parse(message.data));
stream.onerror = () => { said.textContent = words.lost; };
stream.onopen = () => { said.textContent = ""; };

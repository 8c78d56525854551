// The bench: buttons become acts, the stream becomes lamps and bytes.
const words = document.body.dataset;
const said = document.getElementById("said");

async function send(act) {
  said.textContent = "…";
  try {
    const reply = await fetch("/acts", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Menjin-Bench": "1" },
      body: JSON.stringify(act),
    });
    const answer = await reply.json();
    said.textContent = answer.error ?? words.done;
  } catch {
    said.textContent = words.lost;
  }
}

function where(element) {
  return {
    gate: element.closest("[data-gate]")?.dataset.gate ?? "",
    lane: element.closest("[data-lane]")?.dataset.lane ?? "",
  };
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (!button) return;
  const { act, on = "", twin = "" } = button.dataset;
  send({ act, on, twin, ...where(button) });
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  send({ act: form.dataset.form, ...Object.fromEntries(new FormData(form)), ...where(form) });
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

function show(state) {
  rest(document, "server", state.server);
  lamp(document.querySelector("[data-server-lamp]"), state.server);
  for (const [gateId, gate] of Object.entries(state.gates)) {
    const box = document.querySelector(`[data-gate="${gateId}"]`);
    lamp(box.querySelector("[data-gate-lamp]"), gate.runs);
    box.classList.toggle("cut", gate.cut);
    rest(box, "power", gate.runs);
    rest(box, "network", !gate.cut);
    box.querySelector("[data-decision]").textContent = gate.decision || words.none;
    for (const [laneId, lane] of Object.entries(gate.lanes)) {
      const relay = box.querySelector(`[data-lane="${laneId}"] [data-relay]`);
      rest(box.querySelector(`[data-lane="${laneId}"]`), "door", lane.door);
      relay.classList.toggle("on", lane.on);
      relay.textContent = lane.on ? words.moving : words.shut;
      box.querySelector(`[data-lane="${laneId}"]`).classList.toggle("door", lane.door);
    }
    for (const [name, wire] of Object.entries(gate.wires)) {
      const row = box.querySelector(`[data-wire="${name}"]`);
      rest(row, "cable", wire.plugged);
      row.classList.toggle("out", !wire.plugged);
      row.querySelector("code").textContent = wire.last;
    }
  }
}

const stream = new EventSource("/events");
stream.onmessage = (message) => show(JSON.parse(message.data));
stream.onerror = () => { said.textContent = words.lost; };
stream.onopen = () => { said.textContent = ""; };

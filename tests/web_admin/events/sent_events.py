"""Send events as a gate does."""

import msgspec

from gate_controller.contract.messages import EVENTS_PATH, EventsReply


def send(gate, entries):
    response = gate.post(EVENTS_PATH, gate.batch(entries))
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.data, type=EventsReply)

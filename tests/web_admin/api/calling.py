"""Another system that calls the interface."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

PREFIX = "/api/v1"
CALLS = {
    "people:read": [("GET", "/people"), ("GET", "/people/x"), ("GET", "/homes"), ("GET", "/homes/x")],
    "people:write": [
        ("POST", "/people"),
        ("PATCH", "/people/x"),
        ("POST", "/people/x/move-out"),
        ("POST", "/homes"),
        ("PATCH", "/homes/x"),
        ("POST", "/homes/x/end"),
    ],
    "cards:read": [("GET", "/cards"), ("GET", "/people/x/cards")],
    "cards:write": [
        ("POST", "/people/x/cards"),
        ("POST", "/cards/x/suspend"),
        ("POST", "/cards/x/resume"),
        ("POST", "/cards/x/end"),
    ],
    "passes:read": [("GET", "/passes"), ("GET", "/passes/x")],
    "passes:write": [("POST", "/passes"), ("POST", "/passes/x/withdraw"), ("POST", "/visitor-codes")],
    "events:read": [("GET", "/events"), ("GET", "/alarms")],
    "alarms:write": [("POST", "/alarms/x/acknowledge")],
    "metrics:read": [("GET", "/metrics")],
    "overview:read": [("GET", "/overview")],
    "access:read": [("GET", "/access/lanes")],
    "gates:read": [("GET", "/gates")],
    "gates:write": [("PATCH", "/gates/x"), ("PATCH", "/lanes/x")],
}
"""By scope the calls that it reaches."""


@dataclass
class Caller:
    """A client with a key."""

    client: FlaskClient
    key: str
    key_id: str

    def call(self, method: str, path: str, body: object = None, **headers: str):
        sent = {"Authorization": f"Bearer {self.key}", "Accept-Language": "en", **headers}
        return self.client.open(f"{PREFIX}{path}", method=method, json=body, headers=sent)

    def get(self, path: str) -> Any:
        """Return what a good answer holds."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def post(self, path: str, body: object = None, status: int = 201) -> Any:
        """Return what a good answer holds."""
        answer = self.call("POST", path, body)
        assert answer.status_code == status, answer.text
        return answer.get_json()

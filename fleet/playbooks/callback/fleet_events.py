"""Ansible's callback for `menjin fleet`: one line of JSON for each result, instead of text for people."""

import json
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: fleet_events
type: stdout
short_description: one line of JSON for each result
description: Written for the program menjin fleet, which reads it.
"""
SHOWN = ("rc", "stdout", "stderr", "msg", "status")


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible has no types
    """Writes what each task gave; what is marked as secret Ansible has removed before."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "fleet_events"

    def v2_runner_on_ok(self, result: Any) -> None:
        """Write what was done."""
        self._write("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Write which machine does not answer."""
        self._write("unreachable", result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Write what was done for one cell."""
        self._write("ok", result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Write what failed for one cell."""
        self._write("failed", result)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Write what begins."""
        self._line({"event": "start", "service": host.get_name(), "task": task.get_name()})

    def _write(self, event: str, result: Any) -> None:
        given = {key: result.result[key] for key in SHOWN if key in result.result}
        item = result.result.get("item")
        cell = item.get("cell", "") if isinstance(item, dict) else ""
        self._line(
            {
                "event": event,
                "service": result.host.get_name(),
                "task": result.task.get_name(),
                "cell": cell,
                "given": given,
            }
        )

    def _line(self, facts: dict[str, Any]) -> None:
        self._display.display(json.dumps(facts, default=str))

"""Make the calls that the server asks for: proofs of numbers, and each home's monthly test call.

They wait while the telephone is used, and give way to a visitor and to Help at once. Who is called hears a
file and never the gate's microphone: no one stands there. A gate whose telephone is lost, or has no such
files, asks for none, so that another gate makes them.
"""

from collections import deque

from gate_controller.contract.calls import TaskDone
from gate_controller.control.parts import GateParts, GateState
from gate_controller.control.telephone_line import TASKS, TelephoneLine
from gate_controller.lane.telephone_task import Step, TaskCall, changed, time_passed
from gate_controller.sync.news import OpenTask
from hardware.interfaces import CallChange, DeviceState, Health

VOICE = "telephone-voice"
"""Device that a gate reports where its telephone has something to say in these calls."""
ASK_SECONDS = 5.0
"""How often the server is asked while nothing is to be done: a person waits before a page for a proof."""


class TelephoneTasks:
    """At most one call at a time; used from the controller's thread only."""

    def __init__(self, parts: GateParts, state: GateState, line: TelephoneLine) -> None:
        """Begin with nothing to do."""
        self._parts = parts
        self._state = state
        self._line = line
        self._waiting: deque[OpenTask] = deque()
        self._call: TaskCall | None = None
        self._ask_at_seconds = 0.0
        self._speaks = parts.telephone is not None and parts.telephone.speaks
        if self._speaks:
            parts.watch.note(DeviceState(VOICE, Health.OK, "it speaks in calls of its own"))
        line.gives_way(self.give_way)

    def came(self, tasks: tuple[OpenTask, ...]) -> None:
        """Take calls to make."""
        self._waiting += tasks

    def call_changed(self, change: CallChange, now_seconds: float) -> None:
        if self._call is not None:
            self._follow(changed(self._call, change, now_seconds))

    def time_passed(self, now_seconds: float) -> None:
        """End what lasts too long, make the next call, and ask for more when nothing is left."""
        if self._call is not None:
            self._follow(time_passed(self._call, now_seconds))
        if self._line.is_lost:
            # Later the digits are no longer shown, and the hour may be one to sleep; to report a failure
            # would bring the next ones.
            self._waiting.clear()
        if self._call is not None or not self._line.is_free_for(TASKS):
            return
        if self._waiting:
            self._dial(self._waiting.popleft(), now_seconds)
        elif self._may_ask and now_seconds >= self._ask_at_seconds:
            self._ask_at_seconds = now_seconds + ASK_SECONDS
            self._parts.call_reports.ask_tasks()

    @property
    def _may_ask(self) -> bool:
        return self._speaks and self._state.calls_offered and self._state.online

    def give_way(self) -> None:
        """End the call under way: someone at the gate needs the telephone."""
        if self._call is not None:
            self._follow(Step(self._call, hangs_up=True, result="not_answered"))

    def _dial(self, task: OpenTask, now_seconds: float) -> None:
        telephone = self._parts.telephone
        spoken = telephone.spoken(task.purpose, task.language) if telephone is not None else ""
        number = self._line.dial(TASKS, task.leg.number, spoken)
        if number is None:
            self._parts.call_reports.ask_tasks(TaskDone(task_id=task.task_id, result="failed"))
            return
        until = now_seconds + task.leg.ring_seconds
        self._call = TaskCall(task.task_id, task.keys_wanted, number, until)

    def _follow(self, step: Step) -> None:
        self._call = step.call
        if step.hangs_up:
            self._line.hang_up(step.call.call_number)
        if step.result is not None:
            self._call = None
            self._line.leave(TASKS)
            keys = step.call.keys if step.result == "answered" else ""
            done = TaskDone(task_id=step.call.task_id, result=step.result, keys=keys)
            self._parts.call_reports.ask_tasks(done)

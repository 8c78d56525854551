"""The simulated telephone program says what Debian's baresip says, in the same order."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hardware.errors import DeviceUnavailable
from hardware.simulated.telephone_line import TelephoneLine
from hardware.telephones.control import Control, Fields
from tests.support.telephones import telephone

QUIET_SECONDS = 0.6
SILENT = {"CALL_LOCAL_SDP", "CALL_REMOTE_SDP", "CALL_RTCP", "CALL_RTPESTAB", "CALL_DTMF_END"}
"""Events of sound, which the simulated one does not have."""
Said = tuple[object, ...]


class Script:
    """The same hands at both programs: `act` does what the other side does."""

    def __init__(self, control: Control, number: str, act: Callable[[str], object]) -> None:
        self._control, self._number, self._act = control, number, act

    def run(self) -> list[list[Said]]:
        """Return what the program said after each hand."""
        hands: list[Callable[[], object]] = [
            lambda: self._send("dial", self._number),
            lambda: self._act("answer"),
            lambda: self._act("press 9"),
            lambda: self._act("hang up"),
            lambda: self._send("dial", self._number),
            lambda: self._act("reject"),
            lambda: self._send("dial", self._number),
            lambda: self._send("hangupall", "all"),
            lambda: self._send("hangup", "deadbeef"),
            lambda: self._send("nonsense", ""),
            lambda: self._send("ausrc", "nosuch,default"),
            lambda: self._send("ausrc", "aufile,/nowhere.wav"),
            lambda: self._act("call in"),
        ]
        said = []
        for hand in hands:
            hand()
            said.append(sorted(self._said(), key=str))
        return said

    def _send(self, command: str, params: str) -> None:
        self._control.send(command, params, token="t")

    def _said(self) -> Iterator[Said]:
        end = time.monotonic() + QUIET_SECONDS
        while time.monotonic() < end:
            for fields in self._control.read(0.1):
                if fields.get("type") not in SILENT:
                    yield self._short(fields)

    def _short(self, fields: Fields) -> Said:
        if fields.get("response"):
            data = str(fields["data"])
            return "response", fields["ok"], data[:9] if data.startswith("call id: ") else data
        param = str(fields.get("param", ""))
        return fields["type"], fields["direction"], "peer" if self._is_peer(param) else param

    def _is_peer(self, param: str) -> bool:
        return param.startswith("sip:")


@contextmanager
def of_debian(folder: Path) -> Iterator[Script]:
    with telephone(folder, "gate") as gate, telephone(folder, "home") as home:
        home_keys = Control(home.control_port)
        hands: dict[str, Callable[[], object]] = {
            "answer": lambda: home_keys.send("accept"),
            "press 9": lambda: home_keys.send("sndcode", "9"),
            "hang up": lambda: home_keys.send("hangup"),
            "reject": lambda: home_keys.send("hangup"),
            "call in": lambda: home_keys.send("dial", gate.address),
        }
        with closing(home_keys), closing(Control(gate.control_port)) as control:
            yield Script(control, home.address, lambda what: hands[what]())


@contextmanager
def simulated() -> Iterator[Script]:
    number = "sip:home@127.0.0.1:5060"
    with TelephoneLine() as line:
        hands: dict[str, Callable[[], object]] = {
            "answer": lambda: line.answer(number),
            "press 9": lambda: line.press(number, "9"),
            "hang up": lambda: line.hang_up(number),
            "reject": lambda: line.reject(number),
            "call in": lambda: line.call_in(number),
        }
        with closing(Control(line.control_port)) as control:
            yield Script(control, number, lambda what: hands[what]())


@pytest.mark.wide
def test_both_say_the_same(tmp_path: Path) -> None:
    with of_debian(tmp_path) as debian:
        expected = debian.run()
    with simulated() as ours:
        assert ours.run() == expected


def test_the_newest_connection_ends_the_one_before() -> None:
    with (
        TelephoneLine() as line,
        closing(Control(line.control_port)) as first,
        closing(Control(line.control_port)) as second,
    ):
        second.send("hangupall", "all")
        assert second.read(2.0)
        with pytest.raises(DeviceUnavailable, match="ended the connection"):
            first.read(2.0)

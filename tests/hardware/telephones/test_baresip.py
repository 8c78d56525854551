"""The gate's telephone against real ones: it calls, is answered, hears keys, and takes no call."""

import array
import json
import queue
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hardware.errors import DeviceUnavailable
from hardware.interfaces import CallChange, CallStage, DeviceState, Health
from hardware.telephones.baresip import Baresip
from hardware.telephones.control import NetstringReader
from tests.support import rtp_stranger
from tests.support.gates.waiting import until
from tests.support.sip_answers import answering
from tests.support.telephones import DTLS, PLAIN, SDES, SHIPPED, Owner, Phone, telephone, write_silence

PATIENCE_SECONDS = 20.0


class Gate:
    """The telephone as the gate uses it, and what it has reported."""

    def __init__(self, control_port: int, microphone: str = "") -> None:
        self.telephone = Baresip("telephone", control_port, microphone)
        self._reports: queue.Queue[CallChange | DeviceState] = queue.Queue()
        self.telephone.start(self._reports.put)

    def next(self) -> CallChange | DeviceState:
        return self._reports.get(timeout=PATIENCE_SECONDS)

    def until(self, call: int, stage: CallStage) -> CallChange:
        while True:
            report = self.next()
            if isinstance(report, CallChange) and (report.call_number, report.stage) == (call, stage):
                return report

    def health(self) -> Health:
        while not isinstance(report := self.next(), DeviceState):
            continue
        return report.health

    def silent_for(self, seconds: float) -> bool:
        try:
            return bool(self._reports.get(timeout=seconds) and False)
        except queue.Empty:
            return True


@contextmanager
def gate_at(control_port: int, microphone: str = "") -> Iterator[Gate]:
    gate = Gate(control_port, microphone)
    try:
        yield gate
    finally:
        gate.telephone.stop()


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Phone]:
    with telephone(tmp_path, "guard") as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Phone]:
    with telephone(tmp_path, "gate") as running:
        yield running


@pytest.fixture
def gate(program: Phone) -> Iterator[Gate]:
    with gate_at(program.control_port) as made:
        assert made.health() is Health.OK
        yield made


def test_a_call_rings_is_answered_hears_a_key_and_ends(gate: Gate, guard: Phone) -> None:
    with guard.owner() as owner:
        call = gate.telephone.dial(guard.address)
        gate.until(call, CallStage.RINGING)
        owner.until("CALL_INCOMING")
        owner.press("accept")
        gate.until(call, CallStage.ANSWERED)
        owner.until("CALL_ESTABLISHED")
        owner.press("sndcode", "7")
        assert gate.until(call, CallStage.KEY).key == "7"
        owner.press("hangup")
        gate.until(call, CallStage.ENDED)


@contextmanager
def answered(folder: Path, encryption: str, *, shipped: str = "") -> Iterator[tuple[Gate, int, Phone, Owner]]:
    """Call a telephone whose owner has answered: the gate, the call, its program and the owner."""
    with (
        telephone(folder, "gate", encryption=encryption, shipped=shipped) as program,
        telephone(folder, "home", encryption=encryption) as home,
        gate_at(program.control_port) as gate,
        home.owner() as owner,
    ):
        assert gate.health() is Health.OK
        call = gate.telephone.dial(home.address)
        owner.until("CALL_INCOMING")
        yield gate, call, program, owner


def answer(owner: Owner) -> None:
    owner.press("accept")
    owner.until("CALL_ESTABLISHED")
    owner.until("CALL_RTPESTAB")


def test_a_third_machine_presses_no_key_of_a_call_and_its_telephone_does(tmp_path: Path) -> None:
    with answered(tmp_path, SDES) as (gate, call, program, owner):
        assert rtp_stranger.press("9", program.rtp_ports) > 0  # while it rings
        owner.press("accept")
        rtp_stranger.press("9", program.rtp_ports)
        owner.until("CALL_RTPESTAB")
        rtp_stranger.press("7", program.rtp_ports)
        owner.press("sndcode", "1")
        gate.until(call, CallStage.ANSWERED)
        assert gate.next() == CallChange("telephone", call, CallStage.KEY, "1")


def test_a_third_machine_presses_no_key_where_the_exchange_encrypts_by_dtls(tmp_path: Path) -> None:
    """Before the two sides have made their keys, plain RTP ends the program of Debian (traced)."""
    with answered(tmp_path, DTLS) as (gate, call, program, owner):
        answer(owner)
        rtp_stranger.press("9", program.rtp_ports)
        owner.press("sndcode", "1")
        gate.until(call, CallStage.ANSWERED)
        assert gate.next() == CallChange("telephone", call, CallStage.KEY, "1")


def test_a_call_in_the_clear_has_no_keys_and_says_so_once_it_is_over(tmp_path: Path) -> None:
    with answered(tmp_path, PLAIN) as (gate, call, program, owner):
        answer(owner)
        rtp_stranger.press("9", program.rtp_ports)
        owner.press("sndcode", "9")
        owner.press("hangup")
        gate.until(call, CallStage.ANSWERED)
        assert gate.next() == CallChange("telephone", call, CallStage.ENDED)
        report = gate.next()
        assert isinstance(report, DeviceState)
        assert (report.health, report.is_lost) == (Health.FAULTY, False)
        assert "open nothing" in report.detail


def test_a_program_that_leaves_out_the_encryption_in_silence_has_no_keys(tmp_path: Path) -> None:
    shipped = (SHIPPED / "config").read_text(encoding="utf-8")
    order = shipped.replace("module srtp.so\n", "") + "module srtp.so\n"
    assert order != shipped
    with (
        telephone(tmp_path, "gate", shipped=order) as program,
        telephone(tmp_path, "home", encryption="srtp") as home,
        gate_at(program.control_port) as gate,
        home.owner() as owner,
    ):
        assert gate.health() is Health.OK
        call = gate.telephone.dial(home.address)
        owner.until("CALL_INCOMING")
        answer(owner)
        owner.press("sndcode", "9")
        owner.press("hangup")
        gate.until(call, CallStage.ANSWERED)
        assert gate.next() == CallChange("telephone", call, CallStage.ENDED)


@pytest.mark.parametrize(
    ("secured", "said"),
    [
        ("0,audio,RTP", ["ausrc"]),
        ("0,audio,AES_CM_128_HMAC_SHA1_80", ["ausrc"]),
        ("0,audio,RTCP", []),  # its statistics alone
        ("0,audio,AES_CM_128_HMAC_SHA1_32", []),
        ("1,audio,RTP", []),  # two people are to compare a code
        ("0,video,RTP", []),
    ],
)
@pytest.mark.parametrize("way", ["tls", "udp"])
def test_keys_count_and_are_explained_once_the_sound_is_encrypted(
    tmp_path: Path, way: str, secured: str, said: list[str]
) -> None:
    """The words are those of baresip 1.1.0."""
    prompt = tmp_path / "prompt.wav"
    write_silence(prompt)
    peer = {"id": "c0ffee", "peeruri": f"sip:1203@pbx.example.org;transport={way}"}
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        gate_at(server.getsockname()[1], "alsa,default") as gate,
        server.accept()[0] as program,
    ):
        assert gate.health() is Health.OK
        call = gate.telephone.dial("1203")
        program.sendall(netstring(response=True, ok=True, data="call id: c0ffee\n", token=f"dial-{call}"))
        program.sendall(netstring(type="CALL_ESTABLISHED", **peer))
        gate.until(call, CallStage.ANSWERED)
        gate.telephone.say(call, str(prompt))
        program.sendall(netstring(type="CALL_DTMF_START", param="7", **peer))
        program.sendall(netstring(type="CALL_MENC", param=secured, **peer))
        program.sendall(netstring(type="CALL_DTMF_START", param="9", **peer))
        program.sendall(netstring(type="CALL_RINGING", **peer))
        changes = iter(gate.next, CallChange("telephone", call, CallStage.RINGING))
        keys = [change.key for change in changes if isinstance(change, CallChange)]
        gate.telephone.hang_up(call)
        commands, reader = [], NetstringReader()
        while "hangup" not in commands:
            commands += [fields["command"] for fields in reader.take(program.recv(4096))]
    expected = said if way == "tls" else []
    assert keys == ["9"] * len(expected)
    assert commands == ["hangupall", "reginfo", "ausrc", "dial", *expected, "hangup"]


def test_the_tones_of_a_key_in_the_sound_are_no_key(gate: Gate, guard: Phone) -> None:
    with guard.owner() as owner:
        call = gate.telephone.dial(guard.address)
        owner.until("CALL_INCOMING")
        owner.press("accept")
        gate.until(call, CallStage.ANSWERED)
        owner.until("CALL_RTPESTAB")
        assert gate.silent_for(1.5)
        assert (guard.folder / "heard.wav").stat().st_size > 4000


def test_what_is_hung_up_ends_at_the_other_side_while_it_rings_and_while_it_talks(
    gate: Gate, guard: Phone
) -> None:
    with guard.owner() as owner:
        ringing = gate.telephone.dial(guard.address)
        gate.until(ringing, CallStage.RINGING)
        gate.telephone.hang_up(ringing)
        gate.until(ringing, CallStage.ENDED)
        owner.until("CALL_CLOSED")
        talking = gate.telephone.dial(guard.address)
        owner.until("CALL_INCOMING")
        owner.press("accept")
        gate.until(talking, CallStage.ANSWERED)
        gate.telephone.hang_up(talking)
        gate.until(talking, CallStage.ENDED)
        owner.until("CALL_CLOSED")


def test_a_call_that_is_hung_up_before_the_program_named_it_does_not_ring_on(
    gate: Gate, guard: Phone
) -> None:
    with guard.owner() as owner:
        call = gate.telephone.dial(guard.address)
        gate.telephone.hang_up(call)
        gate.until(call, CallStage.ENDED)
        after = gate.telephone.dial(guard.address)
        gate.until(after, CallStage.RINGING)
        owner.until("CALL_INCOMING")


@pytest.fixture
def plain_gate(tmp_path: Path) -> Iterator[Gate]:
    """Return a gate at an exchange that cannot encrypt."""
    with telephone(tmp_path, "plain", encryption=PLAIN) as program, gate_at(program.control_port) as made:
        assert made.health() is Health.OK
        yield made


@pytest.mark.parametrize("scenario", ["unknown", "busy", "busy_in_latin_1"])
def test_a_number_that_does_not_answer_ends(plain_gate: Gate, tmp_path: Path, scenario: str) -> None:
    gate = plain_gate
    with answering(tmp_path, scenario) as address:
        call = gate.telephone.dial(address)
        gate.until(call, CallStage.ENDED)
        assert gate.silent_for(0.5), "the program is not given up"


@pytest.fixture
def speaking(program: Phone) -> Iterator[Gate]:
    """Return a gate whose microphone hears a tone all the time."""
    with gate_at(program.control_port, f"aufile,{program.folder}/tone.wav") as made:
        assert made.health() is Health.OK
        yield made


def test_who_is_called_to_hear_a_file_alone_never_hears_the_microphone(speaking: Gate, guard: Phone) -> None:
    silence, heard = guard.folder / "silence.wav", guard.folder / "heard.wav"
    write_silence(silence)
    with guard.owner() as owner:
        call = speaking.telephone.dial(guard.address, str(silence), only_spoken=True)
        owner.until("CALL_INCOMING")
        owner.press("accept")
        speaking.until(call, CallStage.ANSWERED)
        assert speaking.silent_for(1.5)
        speaking.telephone.hang_up(call)
        owner.until("CALL_CLOSED")
        assert loudest(heard) < 50
        call = speaking.telephone.dial(guard.address)
        owner.until("CALL_INCOMING")
        owner.press("accept")
        owner.until("CALL_RTPESTAB")
        until(lambda: loudest(heard) > 500)  # the next one, of a visitor, hears it


def test_a_file_that_was_deleted_is_never_given_to_the_program(speaking: Gate, guard: Phone) -> None:
    """It would crash (traced), in the middle of a visitor's call as well."""
    with pytest.raises(DeviceUnavailable, match="no file"):
        speaking.telephone.dial(guard.address, "/nowhere.wav", only_spoken=True)
    with guard.owner() as owner:
        call = speaking.telephone.dial(guard.address, "/nowhere.wav")
        owner.until("CALL_INCOMING")
        owner.press("accept")
        speaking.until(call, CallStage.ANSWERED)
        speaking.telephone.say(call, "/nowhere.wav")
        until(lambda: loudest(guard.folder / "heard.wav") > 500)
        owner.press("sndcode", "1")
        assert speaking.until(call, CallStage.KEY).key == "1"


def test_a_program_that_plays_no_files_calls_no_one_to_hear_one(tmp_path: Path, guard: Phone) -> None:
    shipped = (SHIPPED / "config").read_text(encoding="utf-8")
    without = shipped.replace("module aufile.so\n", "")
    assert without != shipped
    with (
        guard.owner() as owner,
        telephone(tmp_path, "gate", shipped=without) as program,
        gate_at(program.control_port, "alsa,default") as gate,
    ):
        assert gate.health() is Health.OK
        write_silence(guard.folder / "silence.wav")
        call = gate.telephone.dial(guard.address, str(guard.folder / "silence.wav"), only_spoken=True)
        gate.until(call, CallStage.ENDED)
        report = gate.next()
        assert isinstance(report, DeviceState)
        assert (report.health, "aufile.so" in report.detail) == (Health.FAULTY, True)
        with pytest.raises(AssertionError, match="no CALL_INCOMING"):
            owner.until("CALL_INCOMING", patience_seconds=1.0)


def test_without_a_file_no_one_is_called_to_hear_one(speaking: Gate, guard: Phone) -> None:
    with pytest.raises(DeviceUnavailable, match="no file"):
        speaking.telephone.dial(guard.address, "", only_spoken=True)


def loudest(heard: Path) -> int:
    """Return the loudest sample that a telephone has heard until now."""
    sound = array.array("h", heard.read_bytes()[44:-2] if heard.exists() else b"")
    return max(map(abs, sound), default=0)


def test_a_call_is_over_when_it_is_hung_up_though_the_other_side_never_confirms_it(
    plain_gate: Gate, tmp_path: Path
) -> None:
    with (
        answering(tmp_path, "silent_at_the_end") as address,
        telephone(tmp_path, "next", encryption=PLAIN) as following,
        following.owner() as owner,
    ):
        call = plain_gate.telephone.dial(address)
        plain_gate.until(call, CallStage.ANSWERED)
        plain_gate.telephone.hang_up(call)
        plain_gate.until(call, CallStage.ENDED)
        plain_gate.telephone.dial(following.address)
        owner.until("CALL_INCOMING")


def test_a_call_that_comes_in_is_hung_up_and_reported_to_no_one(
    gate: Gate, program: Phone, guard: Phone
) -> None:
    with guard.owner() as owner:
        owner.press("dial", program.address)
        owner.until("CALL_CLOSED")
        assert gate.silent_for(0.5)


def test_a_call_that_comes_in_while_the_gate_calls_does_not_disturb_it(
    gate: Gate, program: Phone, guard: Phone, tmp_path: Path
) -> None:
    with telephone(tmp_path, "stranger") as other, other.owner() as stranger, guard.owner() as owner:
        call = gate.telephone.dial(guard.address)
        owner.until("CALL_INCOMING")
        owner.press("accept")
        gate.until(call, CallStage.ANSWERED)
        stranger.press("dial", program.address)
        stranger.until("CALL_CLOSED")
        owner.press("sndcode", "1")
        assert gate.until(call, CallStage.KEY).key == "1"


def test_a_call_that_the_called_side_lets_the_program_make_is_hung_up(
    gate: Gate, guard: Phone, tmp_path: Path
) -> None:
    with telephone(tmp_path, "elsewhere") as other, other.owner() as stranger, guard.owner() as owner:
        call = gate.telephone.dial(guard.address)
        owner.until("CALL_INCOMING")
        owner.press("accept")
        gate.until(call, CallStage.ANSWERED)
        owner.until("CALL_ESTABLISHED")
        owner.press("transfer", f"{other.address};transport=tls")
        stranger.until("CALL_INCOMING")
        stranger.until("CALL_CLOSED")


def test_the_settings_that_are_shipped_start(tmp_path: Path) -> None:
    shipped = (SHIPPED / "config").read_text(encoding="utf-8")
    with telephone(tmp_path, "gate", shipped=shipped) as program, gate_at(program.control_port) as gate:
        assert gate.health() is Health.OK


def test_a_program_that_dies_ends_its_calls_and_is_found_again(tmp_path: Path) -> None:
    with (
        telephone(tmp_path, "guard") as guard,
        telephone(tmp_path, "gate") as program,
        gate_at(program.control_port) as gate,
    ):
        assert gate.health() is Health.OK
        call = gate.telephone.dial(guard.address)
        gate.until(call, CallStage.RINGING)
        program.process.send_signal(signal.SIGKILL)
        gate.until(call, CallStage.ENDED)
        assert gate.health() is Health.LOST
        with pytest.raises(DeviceUnavailable, match="menjin-telephone"):
            gate.telephone.dial(guard.address)
        with telephone(tmp_path, "gate2", control_port=program.control_port):
            assert gate.health() is Health.OK
            again = gate.telephone.dial(guard.address)
            gate.until(again, CallStage.RINGING)
            assert again != call


def test_a_call_left_by_an_earlier_run_is_hung_up_when_the_gate_starts(program: Phone, guard: Phone) -> None:
    with guard.owner() as owner:
        with program.owner() as earlier:
            earlier.press("dial", guard.address)
            owner.until("CALL_INCOMING")
        with gate_at(program.control_port) as gate:
            assert gate.health() is Health.OK
            owner.until("CALL_CLOSED")


def test_an_exchange_that_refuses_the_account_is_reported_once(tmp_path: Path) -> None:
    with answering(tmp_path, "no_account") as address:
        place = address.partition("@")[2]
        with telephone(tmp_path, "gate", registrar=place) as program, gate_at(program.control_port) as gate:
            assert gate.health() is Health.OK
            report = gate.next()
            assert isinstance(report, DeviceState)
            assert (report.health, "registration" in report.detail) == (Health.FAULTY, True)
            assert not report.is_lost, "calls to other places are tried"
            assert gate.silent_for(3.0)


def test_an_exchange_that_is_gone_is_reported_once_and_once_more_when_it_is_back() -> None:
    """The words are those of baresip 1.1.0: 38 seconds after its registrar had gone, and when it was back."""
    gone = netstring(type="REGISTER_FAIL", param="Connection timed out")
    back = netstring(type="REGISTER_OK", param="200 OK")
    with socket.create_server(("127.0.0.1", 0)) as server, gate_at(server.getsockname()[1]) as gate:
        program, _address = server.accept()
        with program:
            assert gate.health() is Health.OK
            program.sendall(gone + gone + back + back)
            first, second = gate.next(), gate.next()
            assert [one.health for one in (first, second) if isinstance(one, DeviceState)] == [
                Health.FAULTY,
                Health.OK,
            ]
            assert gate.silent_for(0.5)


def netstring(**fields: str | bool) -> bytes:
    event = {"event": True, "class": "register", "accountaor": "sip:gate@127.0.0.1:15070", **fields}
    text = json.dumps(event, separators=(",", ":")).encode()
    return str(len(text)).encode() + b":" + text + b","

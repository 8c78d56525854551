"""Pairing OSDP readers: where keys go, and that no power cut leaves a reader without a usable key."""

import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gate_controller.assembly.reader_keys import ReaderAddress, key_name, pair, read_reader_key
from gate_controller.storage.secrets import SecretsUnusable, write_secret
from hardware.errors import DeviceRefused, DeviceUnavailable
from hardware.lines.serial import SerialLine
from hardware.osdp.pairing import Answer, ask_reader
from hardware.osdp.panel import DEFAULT_KEY
from hardware.simulated.osdp_reader import OsdpBus
from hardware.simulated.osdp_reader import OsdpReader as ReaderTwin
from hardware.simulated.wire import TraceEntry

NAME = "north"
PENDING = key_name(NAME) + ".new"
POLL_OF_3 = bytes.fromhex("ff 53 03 08 00 04 60 39 44")


class Cut(BaseException):
    """The power goes."""


@pytest.fixture
def heard_on_the_line() -> list[bytes]:
    return []


@pytest.fixture
def bus(port: Path, heard_on_the_line: list[bytes], nothing_left_behind: None) -> Iterator[OsdpBus]:
    def trace(entry: TraceEntry) -> None:
        heard_on_the_line.append(entry.data)

    with OsdpBus(port, name="bus", trace=trace) as bus:
        yield bus


@pytest.fixture
def twin(bus: OsdpBus) -> ReaderTwin:
    return bus.add(3, None)


@pytest.fixture
def address(bus: OsdpBus) -> ReaderAddress:
    return ReaderAddress(NAME, Path(bus.path), 9600, 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


def test_a_reader_in_install_mode_gets_a_random_key_of_its_own(
    twin: ReaderTwin, address: ReaderAddress, folder: Path, heard_on_the_line: list[bytes]
) -> None:
    assert "has a key of its own" in pair(folder, address)
    key = read_reader_key(folder, NAME)
    assert twin.key == key
    assert [(file.name, file.stat().st_mode & 0o777) for file in folder.iterdir()] == [
        (key_name(NAME), 0o600)
    ]
    assert key not in b"".join(heard_on_the_line)


def test_a_reader_that_is_paired_is_left_alone(
    twin: ReaderTwin, address: ReaderAddress, folder: Path
) -> None:
    pair(folder, address)
    key = twin.key
    assert "nothing was changed" in pair(folder, address)
    assert twin.key == key == read_reader_key(folder, NAME)


def test_a_reader_with_another_key_is_refused_and_the_old_key_stays(
    twin: ReaderTwin, address: ReaderAddress, folder: Path
) -> None:
    pair(folder, address)
    ours = read_reader_key(folder, NAME)
    twin.key = secrets.token_bytes(16)
    twin.power_cycle()
    with pytest.raises(DeviceRefused, match="install mode"):
        pair(folder, address)
    assert read_reader_key(folder, NAME) == ours


def test_a_reader_that_was_reset_gets_a_new_key_from_a_person(
    twin: ReaderTwin, address: ReaderAddress, folder: Path
) -> None:
    pair(folder, address)
    before = read_reader_key(folder, NAME)
    twin.reset_to_install_mode()
    pair(folder, address)
    assert twin.key == read_reader_key(folder, NAME) != before


def test_a_clear_text_reader_is_refused_and_never_sees_the_key(
    bus: OsdpBus, address: ReaderAddress, folder: Path, heard_on_the_line: list[bytes]
) -> None:
    bus.add(3, None, clear_text=True)
    with pytest.raises(DeviceRefused, match="no secure channel"):
        pair(folder, address)
    pending = (folder / PENDING).read_bytes()
    assert pending not in b"".join(heard_on_the_line)
    assert not (folder / key_name(NAME)).exists()


def test_after_a_cut_before_the_key_was_sent_the_same_key_is_sent(
    twin: ReaderTwin, address: ReaderAddress, folder: Path
) -> None:
    key = secrets.token_bytes(16)
    write_secret(folder, PENDING, key)
    pair(folder, address)
    assert twin.key == key == read_reader_key(folder, NAME)


def test_after_a_cut_behind_the_key_the_reader_is_found_under_it(
    twin: ReaderTwin, address: ReaderAddress, folder: Path
) -> None:
    key = secrets.token_bytes(16)
    write_secret(folder, PENDING, key)
    twin.key = key
    twin.power_cycle()
    pair(folder, address)
    assert twin.key == key == read_reader_key(folder, NAME)


@pytest.mark.parametrize("frame_at_which_it_is_cut", range(1, 14))
def test_wherever_pairing_is_cut_the_next_try_ends_it(
    frame_at_which_it_is_cut: int,
    twin: ReaderTwin,
    address: ReaderAddress,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames = iter(range(1, 100))
    write = SerialLine.write

    def cut(line: SerialLine, data: bytes) -> int:
        at_ns = write(line, data)
        _stop_at(frame_at_which_it_is_cut, next(frames))
        return at_ns

    with monkeypatch.context() as patched, pytest.raises((Cut, SystemError)):
        patched.setattr(SerialLine, "write", cut)
        pair(folder, address)
        raise Cut  # the pairing was over before that frame
    twin.power_cycle()
    pair(folder, address)
    assert twin.key == read_reader_key(folder, NAME)


class LateBus(OsdpBus):
    """A line whose readers get each frame later than the host believes, as on a busy machine."""

    def hear(self, data: bytes, at_ns: int, /) -> None:
        time.sleep(0.05)
        super().hear(data, at_ns)


def test_a_frame_that_is_under_way_when_the_power_goes_is_answered_by_no_reader_after_it(
    port: Path, nothing_left_behind: None
) -> None:
    with LateBus(port, name="bus") as bus, closing(SerialLine(bus.path, 9600, name="host")) as line:
        reader = bus.add(3, None)
        line.open()
        line.write(POLL_OF_3)
        reader.power_cycle()
        line.close()
        line.open()  # which forgets what the reader answered before
        assert line.read(64, 0.3) == b""


def _stop_at(wanted: int, frame: int) -> None:
    if frame == wanted:
        raise Cut


def test_asking_never_sends_a_key(twin: ReaderTwin, address: ReaderAddress) -> None:
    key = secrets.token_bytes(16)
    where = (str(address.port), address.baud, address.address)
    assert ask_reader(*where, key, name=NAME) is Answer.OTHER_KEY
    assert twin.key is None


def test_a_port_that_is_not_there_is_reported(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="cannot open"):
        pair(folder, ReaderAddress(NAME, tmp_path / "gone", 9600, 3))


def test_a_missing_key_says_what_to_run(folder: Path) -> None:
    with pytest.raises(SecretsUnusable, match=r"menjin gate pair-reader SITE.toml north"):
        read_reader_key(folder, NAME)


@pytest.mark.parametrize("key", [DEFAULT_KEY, bytes(16), b"x"])
def test_a_published_key_is_not_used(key: bytes, folder: Path) -> None:
    write_secret(folder, key_name(NAME), key)
    with pytest.raises(SecretsUnusable, match="pair it again"):
        read_reader_key(folder, NAME)


def test_a_key_that_others_can_read_is_not_used(folder: Path) -> None:
    write_secret(folder, key_name(NAME), secrets.token_bytes(16))
    (folder / key_name(NAME)).chmod(0o640)
    with pytest.raises(SecretsUnusable, match="chmod 600"):
        read_reader_key(folder, NAME)

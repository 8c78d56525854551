"""`menjin face evaluate`: real pictures through real engines, and lists that cannot be right."""

import csv
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from face_laboratory.animations import animation_of
from face_laboratory.cli import run
from face_laboratory.evaluation import embed_pictures, evaluate, room_for
from face_laboratory.pair_list import read_pairs
from face_laboratory.still_pictures import read_picture
from gate_controller.face import models_cli
from gate_controller.face.engines import model_adding
from gate_controller.face.engines.engine import FaceEngine, ModelFile
from gate_controller.face.engines.engines import OWN_ENGINES, load_engine
from gate_controller.face.engines.errors import ModelFileError
from gate_controller.face.engines.yunet_sface import YunetSfaceEngine
from hardware.cameras.pictures import PNG_SIGNATURE
from hardware.simulated.turning_head import Pose, Shape, Surface
from tests.support.faces.actors import picture_and_points
from tests.support.faces.fetch import PICTURES
from tests.support.faces.fixtures import DIFFERENT_PEOPLE_PAIRS, SAME_PERSON_PAIRS, portrait_path, portraits

NAMES = [Path(name).stem for name in PICTURES]


@pytest.fixture(scope="module")
def second_engine() -> FaceEngine:
    return load_engine("face_recognition")


def pair_file(folder: Path, *extra: tuple[str, str, str, str]) -> Path:
    """Write every pair of the six portraits, and more rows."""
    path = folder / "pairs.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["a", "b", "same", "group"])
        for one, other in combinations(NAMES, 2):
            same = int((one, other) in SAME_PERSON_PAIRS)
            group = "first" if "person_a" in (one[:8], other[:8]) else "second"
            rows.writerow([portrait_path(one), portrait_path(other), same, group])
        rows.writerows(extra)
    return path


@pytest.mark.wide
def test_every_pair_of_the_portraits_is_judged_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = pair_file(tmp_path, ("gone.jpg", str(portrait_path(NAMES[0])), "0", ""))
    drawn = tmp_path / "curve.png"
    assert run(["evaluate", str(listed), "--json", "--roc", str(drawn)]) == 0
    out = json.loads(capsys.readouterr().out)
    assert (out["engine"], out["pairs"], out["unreadable"]) == ("yunet-sface-int8bq-2", 16, 1)
    gone = f"{tmp_path / 'gone.jpg'} cannot be read: No such file or directory."
    assert out["unreadable_pictures"] == [gone]
    assert out["fmr"]["n"] == len(DIFFERENT_PEOPLE_PAIRS)
    assert (out["fmr"]["rate"], out["fnmr"]["rate"]) == (0.0, 0.0)
    assert out["failure_to_enrol"]["count"] == 0
    assert [point["fmr"] for point in out["at"]] == [1e-2, 1e-3, 1e-4]
    assert {point["threshold"] for point in out["at"]} == {None}
    assert [row["enrolled"] for row in out["fpir"]] == [10, 100, 1000, 5000]
    assert {row["fpir"] for row in out["fpir"]} == {None}
    assert set(out["groups"]) == {"first", "second"}
    assert cv2.imread(str(drawn)) is not None


@pytest.mark.wide
def test_each_picture_is_read_once_however_many_pairs_name_it(
    tmp_path: Path, engine: YunetSfaceEngine
) -> None:
    pairs = read_pairs(pair_file(tmp_path))
    assert (len(pairs.pictures), len(pairs.pairs)) == (6, 15)
    embedded = room_for(engine, len(pairs.pictures))
    assert list(embed_pictures(engine, pairs.pictures, embedded)) == list(pairs.pictures)
    assert embedded.vectors.nbytes == 6 * 128 * 4
    done = evaluate(engine, pairs, embedded)
    assert sorted(done.genuine.tolist()) == pytest.approx([0.62, 0.77], abs=0.01)
    assert float(done.impostor.max()) < 0.25


@pytest.mark.wide
def test_pictures_that_cannot_be_used_are_listed_and_the_rest_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rest = str(portrait_path(NAMES[0]))
    (tmp_path / "torn.jpg").write_bytes(portrait_path(NAMES[1]).read_bytes()[:400])
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((300, 300, 3), 90, dtype=np.uint8))
    cv2.imwrite(str(tmp_path / "bomb.png"), np.zeros((8000, 8000, 3), dtype=np.uint8))
    (tmp_path / "moving.gif").write_bytes(b"GIF89a" + bytes(100))
    bad = ("torn.jpg", "grey.png", "bomb.png", "moving.gif")
    listed = pair_file(tmp_path, *((name, rest, "0", "") for name in bad))
    assert run(["evaluate", str(listed), "--json", "--roc", str(tmp_path / "c.svg")]) == 0
    out = json.loads(capsys.readouterr().out)
    assert (out["pairs"], out["fmr"]["n"]) == (19, len(DIFFERENT_PEOPLE_PAIRS))
    assert [name for name in bad if any(name in line for line in out["unreadable_pictures"])] == [
        "torn.jpg",
        "bomb.png",
        "moving.gif",
    ]
    assert (out["failure_to_enrol"]["count"], out["failure_to_enrol"]["n"]) == (1, 7)
    assert out["failure_to_enrol"]["reasons"] == {"no_face": 1}


@pytest.mark.wide
def test_pictures_that_an_enrolment_would_refuse_count_as_failed_and_are_compared_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rest, good = str(portrait_path(NAMES[0])), portraits()["person_a_2"]
    bad = {
        "far.png": cv2.resize(good, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA),
        "blurred.png": cv2.GaussianBlur(good, (0, 0), 16),
        "dark.png": (good * 0.12).astype(np.uint8),
        "turned.png": Surface(*picture_and_points("person_a_2"), Shape.HEAD).seen(Pose(yaw_degrees=40)),
        "black.png": np.zeros_like(good),
    }
    for name, picture in bad.items():
        cv2.imwrite(str(tmp_path / name), picture)
    listed = pair_file(tmp_path, *((name, rest, "1", "") for name in bad))
    assert run(["evaluate", str(listed), "--json", "--roc", str(tmp_path / "c.svg")]) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["failure_to_enrol"]["reasons"] == {
        "too_dark": 2,
        "too_small": 1,
        "blurred": 1,
        "turned_away": 1,
    }
    assert (out["failure_to_enrol"]["count"], out["failure_to_enrol"]["n"]) == (5, 11)
    assert out["fnmr"]["n"] == len(SAME_PERSON_PAIRS) + 4
    assert run(["evaluate", str(listed), "--roc", str(tmp_path / "c.svg")]) == 0
    assert "pictures that an enrolment would refuse: 0.4545 (5 of 11;" in capsys.readouterr().out


@pytest.mark.wide
@pytest.mark.first_set
@pytest.mark.parametrize("name", ["moving.png", "moving.gif", "moving.webp"])
def test_a_moving_picture_is_listed_as_one_and_not_judged_by_its_first_frame(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rest = str(portrait_path(NAMES[0]))
    frames = [Image.open(portrait_path(who)).resize((200, 240)) for who in NAMES[:3]]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=100)
    listed = pair_file(tmp_path, (name, rest, "1", ""))
    assert run(["evaluate", str(listed), "--json", "--roc", str(tmp_path / "c.svg")]) == 0
    out = json.loads(capsys.readouterr().out)
    kind = {"png": "APNG", "gif": "GIF", "webp": "WebP"}[name.partition(".")[2]]
    assert out["unreadable_pictures"] == [
        f"{tmp_path / name} is a moving picture ({kind}). Give one of its frames as JPEG or PNG."
    ]
    assert out["fnmr"]["n"] == len(SAME_PERSON_PAIRS)


def test_a_still_png_is_no_moving_one(tmp_path: Path) -> None:
    Image.open(portrait_path(NAMES[0])).save(tmp_path / "still.png")
    assert read_picture(tmp_path / "still.png").shape[2] == 3


@given(
    st.sampled_from([b"GIF89a", b"GIF87a", PNG_SIGNATURE, b"RIFF\0\0\0\0WEBPVP8X"]), st.binary(max_size=300)
)
def test_no_torn_or_hostile_file_stops_the_question_whether_it_moves(head: bytes, rest: bytes) -> None:
    assert animation_of(head + rest) in (None, "APNG", "GIF", "WebP")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1.jpg,2.jpg\n", "row 1: no column 'same'"),
        ("a,b,same\n1.jpg,2.jpg,maybe\n", "row 2, column same: 'maybe'; write 1 or 0"),
        ("a,b,same\n1.jpg,2.jpg,1\n3.jpg,,0\n", "row 3, column b: no picture is named"),
        ("a,b,same\n", "has no pairs"),
        ('a,b,same\n"1.jpg,2.jpg,1\n', "cannot be read"),
    ],
)
def test_a_wrong_list_is_refused_before_any_picture_is_read(
    tmp_path: Path, content: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(content, encoding="utf-8")
    assert run(["evaluate", str(path)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


@pytest.mark.wide
def test_figures_are_reported_also_where_the_curve_cannot_be_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", str(pair_file(tmp_path)), "--roc", str(tmp_path / "no" / "c.png")]) == 0
    captured = capsys.readouterr()
    assert "compared: 2 of one person, 13 of two" in captured.out
    assert "cannot be written" in captured.err


# -- the second engine -----------------------------------------------------------------------------


@pytest.mark.wide
def test_both_engines_are_evaluated_in_one_run(
    tmp_path: Path, second_engine: FaceEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(pair_file(tmp_path)), "--engine", "both", "--json"]
    assert run([*arguments, "--roc", str(tmp_path / "both.png")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["engine"] for line in lines] == ["yunet-sface-int8bq-2", second_engine.card.name]


# -- model files -----------------------------------------------------------------------------------


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Declare one invented file a model that was measured; the folder is the test's own."""
    content = b"a model" * 20_000
    digest = model_adding.hashlib.sha256(content).hexdigest()
    place = tmp_path / "models" / "known.onnx"
    monkeypatch.setattr(models_cli, "known_models", lambda: {place: ModelFile("known.onnx", digest)})
    monkeypatch.setenv("MENJIN_MODELS_DIR", str(tmp_path / "models"))
    return content


def test_a_known_model_is_added_and_an_unknown_one_leaves_nothing(
    tmp_path: Path, known: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "good").write_bytes(known)
    (tmp_path / "bad").write_bytes(known + b"!")
    assert run(["models", "add", str(tmp_path / "bad")]) == 2
    assert "none of the models that were measured" in capsys.readouterr().err
    assert list((tmp_path / "models").iterdir()) == []
    assert run(["models", "add", str(tmp_path / "good"), "--json"]) == 0
    assert (tmp_path / "models" / "known.onnx").read_bytes() == known


def test_an_endless_file_is_not_copied_for_ever(
    tmp_path: Path, known: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_adding, "MAX_MODEL_BYTES", 1_000_000)
    with pytest.raises(ModelFileError, match="more than 1,000,000 bytes"):
        model_adding.add_model("/dev/zero", {}, tmp_path / "models", lambda _done, _size: None)
    assert list((tmp_path / "models").iterdir()) == []


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A web server over the test's folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_model_is_fetched_with_progress_and_a_missing_one_is_reported(
    tmp_path: Path, known: bytes, address: str
) -> None:
    (tmp_path / "there").write_bytes(known)
    seen: list[tuple[int, int | None]] = []
    folder = tmp_path / "models"
    digest = model_adding.hashlib.sha256(known).hexdigest()
    models = {folder / "known.onnx": ModelFile("known.onnx", digest)}
    (path,) = model_adding.add_model(f"{address}/there", models, folder, lambda *step: seen.append(step))
    assert path.read_bytes() == known
    assert seen[-1] == (len(known), len(known))
    assert len(seen) > 1
    with pytest.raises(ModelFileError, match=r"404.*Fetch it yourself"):
        model_adding.add_model(f"{address}/gone", models, folder, lambda _done, _size: None)


def test_the_engines_are_listed_with_what_they_may_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "list", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["engine"], line["may_open"]) for line in lines] == [
        (kind.card.name, name == "yunet-sface") for name, kind in OWN_ENGINES.items()
    ]

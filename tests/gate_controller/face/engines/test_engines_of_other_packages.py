"""An engine of another package comes in by its metadata, with a whole card, or is refused in one sentence."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from face_laboratory.cli import run
from gate_controller.face.engines.card_check import card_problem
from gate_controller.face.engines.engine import (
    CurvePoint,
    EngineCard,
    ModelFile,
)
from gate_controller.face.engines.engines import (
    OWN_ENGINES,
    checked_weights,
    engine_kind,
    engine_names,
    load_engine,
)
from gate_controller.face.engines.errors import EngineRefused, EngineUnfit, ModelFileError
from gate_controller.face.engines.yunet_sface import (
    DETECTOR_FILE,
    EMBEDDER_FILE,
    YUNET_SFACE_CARD,
    YunetSfaceEngine,
    installed_models_folder,
)
from gate_controller.face.part import engine_loader
from gate_controller.site_file.face import FaceSection
from tests.support.faces.fixtures import portrait_path, require_portraits
from tests.support.faces.other_package import ENGINE, MODULE, PACKAGE, lay_out_package

DIGESTS = {"detector": DETECTOR_FILE.sha256, "embedder": EMBEDDER_FILE.sha256}
PEOPLE = {"a": ("person_a_1",), "b": ("person_b_1", "person_b_2")}

Package = Callable[..., Path]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    require_portraits()
    rows = [f"{person},{portrait_path(name)}" for person, names in PEOPLE.items() for name in names]
    listed = tmp_path / "people.csv"
    listed.write_text("\n".join(["person,path", *rows]), encoding="utf-8")
    return listed


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Install a package of another author into this process, for one test."""

    def install(**changed: object) -> Path:
        values: dict[str, object] = {"weights": installed_models_folder(), **DIGESTS, **changed}
        site = lay_out_package(tmp_path / "site", **values)  # type: ignore[arg-type]
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.delitem(sys.modules, MODULE, raising=False)
        return site

    return install


def checked(site: Path, people: Path, name: str = ENGINE) -> tuple[int, list[dict[str, object]]]:
    """Run the author's command in a process of its own; return its exit code and its findings."""
    done = subprocess.run(
        [sys.executable, "-m", "menjin", "face", "engines", "check", name, str(people), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(site)},
        timeout=120,
    )
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.wide
def test_a_conforming_package_passes_every_check_in_a_process_of_its_own(
    tmp_path: Path, people: Path
) -> None:
    site = lay_out_package(tmp_path / "site", installed_models_folder(), **DIGESTS)
    code, findings = checked(site, people)
    assert [one for one in findings if not one["ok"]] == []
    assert code == 0
    assert len(findings) == 13


@pytest.mark.wide
def test_a_package_without_a_licence_is_refused_with_one_sentence(tmp_path: Path, people: Path) -> None:
    site = lay_out_package(tmp_path / "site", installed_models_folder(), **DIGESTS, licence=" ")
    code, (finding,) = checked(site, people)
    assert (code, finding["ok"]) == (1, False)
    assert finding["detail"] == (
        f"The face engine 'plain-sface' of {PACKAGE} brings no complete card: it names no licence of its "
        "weights. Ask its author for one; face is never compared without."
    )


def test_a_gate_takes_the_engine_that_its_site_file_names(package: Package) -> None:
    package()
    assert engine_names() == (*OWN_ENGINES, ENGINE)
    engine = engine_loader(FaceSection(enabled=True, engine=ENGINE))()
    assert engine.card.name == "plain-sface-1"
    assert not isinstance(engine, YunetSfaceEngine)


def test_only_the_engine_that_is_named_is_imported(package: Package) -> None:
    package()
    assert engine_names()[-1] == ENGINE
    load_engine("yunet-sface")
    assert MODULE not in sys.modules


def test_weights_with_another_digest_are_not_loaded(package: Package) -> None:
    package(embedder="0" * 64)
    with pytest.raises(ModelFileError, match=rf"{EMBEDDER_FILE.name} is not the file that was measured"):
        load_engine(ENGINE)


def test_an_engine_that_shows_another_card_once_it_is_loaded_is_refused(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    package()
    module = sys.modules[engine_kind(ENGINE).load.__module__]
    other = replace(module.CARD, worst_group_factor=1.0)
    monkeypatch.setattr(module.PlainSface, "card", property(lambda _engine: other))
    with pytest.raises(EngineRefused, match="has another card once it is loaded"):
        load_engine(ENGINE)


@pytest.mark.wide
def test_an_engine_without_figures_may_be_measured_and_opens_nothing(package: Package, people: Path) -> None:
    package(curve="()")
    with pytest.raises(EngineRefused, match=r"no measured curve; `menjin face evaluate` measures one"):
        engine_loader(FaceSection(enabled=True, engine=ENGINE))()
    roc = people.parent / "roc.png"
    asked = ["evaluate", str(people), "--looks", "1", "--engine", ENGINE, "--roc", str(roc), "--json"]
    assert run(asked) == 0


def test_an_engine_whose_curve_keeps_no_budget_is_refused_with_its_figures(package: Package) -> None:
    package(curve="(CurvePoint(1e-2, 0.3, 0.01, missed_by_person=0.02),)")
    with pytest.raises(EngineUnfit, match="plain-sface-1 may not open"):
        engine_loader(FaceSection(enabled=True, engine=ENGINE))()


def test_no_package_takes_the_place_of_an_own_engine(package: Package) -> None:
    package(engine="yunet-sface")
    assert engine_names() == tuple(OWN_ENGINES)
    assert engine_kind("yunet-sface") is OWN_ENGINES["yunet-sface"]


def test_an_engine_brought_by_two_packages_is_refused(package: Package) -> None:
    site = package()
    lay_out_package(site, None, **DIGESTS, package="menjin-other-sface")
    with pytest.raises(EngineRefused, match=rf"by menjin-other-sface, {PACKAGE}\. Remove all but one"):
        engine_kind(ENGINE)


@pytest.mark.parametrize(
    ("named", "said"),
    [("CARD", "is no EngineKind"), ("GONE", "cannot be imported: AttributeError")],
)
def test_what_is_no_engine_is_refused(package: Package, named: str, said: str) -> None:
    package(object_name=named)
    with pytest.raises(EngineRefused, match=said):
        engine_kind(ENGINE)


def test_a_name_that_nothing_brings_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(EngineRefused, match=r"is called 'better'\. Installed: yunet-sface, face_"):
        engine_kind("better")


def test_weights_of_another_package_are_added_into_a_folder_of_its_engine(
    tmp_path: Path, package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two engines may call different files by one name; one file may serve two engines."""
    monkeypatch.setenv("MENJIN_MODELS_DIR", str(tmp_path / "models"))
    own = tmp_path / "finder.onnx"
    own.write_bytes(b"the weights of another author")
    package(weights=None, detector=sha256(own.read_bytes()).hexdigest())
    missing = f"Face models missing: {DETECTOR_FILE.name}, {EMBEDDER_FILE.name}"
    with pytest.raises(ModelFileError, match=missing):
        load_engine(ENGINE)
    assert run(["models", "add", str(own)]) == 0
    assert run(["models", "add", str(installed_models_folder() / EMBEDDER_FILE.name)]) == 0
    added = {path.relative_to(tmp_path / "models") for path in (tmp_path / "models").rglob("*.onnx")}
    assert added == {
        Path(EMBEDDER_FILE.name),
        Path(ENGINE, EMBEDDER_FILE.name),
        Path(ENGINE, DETECTOR_FILE.name),
    }
    kind = engine_kind(ENGINE)
    assert checked_weights(ENGINE, kind) == tmp_path / "models" / ENGINE


# -- the card ----------------------------------------------------------------------------------------


def card(**changed: object) -> EngineCard:
    return replace(YUNET_SFACE_CARD, **changed)  # type: ignore[arg-type]


def curve(*points: tuple[float, float, float]) -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(*point, missed_by_person=0.1) for point in points)


def test_the_cards_of_both_own_engines_are_whole() -> None:
    assert [card_problem(kind.card) for kind in OWN_ENGINES.values()] == [None, None]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "Ours v2"}, "its name 'Ours v2'"),
        ({"licence": ""}, "no licence"),
        ({"model_files": ()}, "no model file"),
        ({"model_files": (ModelFile("../up.onnx", "0" * 64),)}, "not a plain file name"),
        ({"model_files": (ModelFile("a.onnx", "0" * 40),)}, "a.onnx has no SHA-256"),
        ({"model_files": (ModelFile("a.onnx", "0" * 64),) * 2}, "one model file twice"),
        ({"embedding_size": 0}, "0 numbers"),
        ({"curve": ()}, "no measured curve"),
        ({"measured_on": ""}, "on which pictures"),
        ({"worst_group_factor": 0.5}, "no worst group with a factor of 1 or more"),
        ({"worst_group": ""}, "no worst group"),
        ({"min_same_session_similarity": 1.5}, "min_same_session_similarity is 1.5"),
        ({"curve": (CurvePoint(1e-4, 0.4, 0.01),)}, "missed by person"),
        ({"curve": curve((1e-4, 1.4, 0.01))}, "no rate and threshold between 0 and 1"),
        ({"curve": curve((1e-4, 0.4, 1.01))}, "misses outside 0 to 1"),
        ({"curve": curve((1e-4, 0.4, 0.01), (1e-3, 0.3, 0.01))}, "not loosest first"),
        ({"curve": curve((1e-3, 0.4, 0.02), (1e-4, 0.5, 0.01))}, "misses fewer at a stricter threshold"),
        ({"curves_of_looks": {3: curve((1e-3, 1.4, 0.02))}}, "templates of 3 looks"),
        ({"curves_of_looks": {3: ()}}, "0 points for 3 looks"),
        ({"curves_of_looks": {1: curve((1e-3, 0.4, 0.02))}}, "for 1 looks"),
        (
            {"curve": curve((1e-3, 1.4, 0.02)), "curves_of_looks": {1: curve((1e-3, 0.4, 0.02))}},
            "between 0 and 1",
        ),
    ],
)
def test_a_card_that_lacks_something_is_named_for_it(changed: dict[str, object], said: str) -> None:
    problem = card_problem(card(**changed))
    assert problem is not None
    assert said in problem

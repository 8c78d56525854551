"""The `menjin` command: one name, and each part of the program loads only its own libraries."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path

from gate_controller.contract.languages import LANGUAGES, WRITTEN_IN

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_NOBODY_READS = 141
"""What a shell shows of a program that SIGPIPE ended."""

_OUR_PACKAGES = frozenset(
    {
        "hardware",
        "gate_controller",
        "web_admin",
        "head_office",
        "fleet",
        "face_laboratory",
        "demo",
        "menjin",
        "tests",
    }
)
LEANER_PACKAGE = "menjin-gate-without-face"
PACKAGES = ("menjin", LEANER_PACKAGE)
"""Both bring this file; never installed beside each other."""
_CHECKOUT = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Group:
    """One word after `menjin`: where its `run(argv) -> int` lives and what it needs."""

    module: str
    extras: str
    summary: str
    only_in_a_checkout: bool = False
    needs: tuple[str, ...] = ()
    """Files that a build makes: without them there is no Chinese, and no code is drawn."""
    package: str = ""
    """Which package `module` is of, where that is not this one."""
    without_it: Mapping[str, str] = field(default_factory=dict)
    """Commands of this package without that one: the next word, and its module."""


def _texts_of(folder: str) -> tuple[str, ...]:
    """Return the compiled catalogues of a program, one for each language but that of the code."""
    return tuple(
        f"{folder}/translations/{code}/LC_MESSAGES/messages.mo" for code in LANGUAGES if code != WRITTEN_IN
    )


_PAGES = (*_texts_of("web_admin"), "web_admin/static/vendor/lean-qr/index.mjs")
_SCREEN = _texts_of("gate_controller/terminal")
_ALL = (*_PAGES, *_SCREEN)
_CONSOLE = _texts_of("head_office")
_FLEET = _texts_of("fleet")


GROUPS = {
    "demo": Group("demo.cli", "gate,face,web", "run a small compound on this machine", needs=_ALL),
    "gate": Group("gate_controller.cli", "gate", "run, check, identify or pair a gate", needs=_SCREEN),
    "web": Group("web_admin.cli.main", "web", "set up and run the server", needs=_PAGES),
    "head-office": Group(
        "head_office.cli",
        "head-office",
        "show a company how its compounds are, without persons",
        needs=_CONSOLE,
    ),
    "fleet": Group("fleet.cli", "fleet", "look after many compounds on several machines", needs=_FLEET),
    "face": Group(
        "face_laboratory.cli",
        "face",
        "measure and compare face engines",
        package="menjin-face-laboratory",
        without_it={"models": "gate_controller.face.models_cli"},
    ),
    "driver": Group(
        "hardware.conformance.cli", "gate", "hold drivers of devices against the checklist and grade them"
    ),
    "qr": Group("hardware.cli", "gate", "read the codes in a picture"),
    "audit": Group(
        "gate_controller.audit.main", "gate", "check a journal, a certificate, a release or an access review"
    ),
    "bench": Group("tests.bench", "dev", "measure this machine", only_in_a_checkout=True),
}


def main(argv: list[str] | None = None) -> int:
    """Run one menjin command and return its exit status (0 good, 1 failed, 2 wrong usage).

    141 when the reader of its output is gone, as in `menjin gate check --json | head -1`.
    """
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter writes out what is left at its end, and would complain without a reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_NOBODY_READS


def _run(argv: list[str] | None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(_help())
        return EXIT_OK
    if arguments[0] in {"-V", "--version"}:
        print("{} {}".format(*_package()))
        return EXIT_OK
    name, rest = arguments[0], arguments[1:]
    group = GROUPS.get(name)
    if group is None:
        return _complain(f"there is no command {name!r}; choose one of: {', '.join(GROUPS)}")
    module = group.module
    if _package()[0] == LEANER_PACKAGE and not _is_here(group):
        return _complain(f"menjin {name} is not part of this installation, {_package()[0]}")
    if group.only_in_a_checkout and not _make_checkout_importable(group.module):
        return _complain(f"menjin {name} runs only in a checkout of the source, with 'make setup'")
    if group.package and find_spec(module.partition(".")[0]) is None:
        word = rest[0] if rest else ""
        if word not in group.without_it:
            package = f"{group.package}=={_package()[1]}"
            return _complain(f"menjin {name} {word} is in the package {package}: pip install {package}")
        module = group.without_it[word]
    missing_parts = [part for part in group.needs if not (_CHECKOUT / part).is_file()]
    if missing_parts:
        return _complain(
            f"this installation is not whole: {missing_parts[0]} is missing. Run 'make setup' in a checkout, "
            "or install a package that 'pip install' or 'make release' built"
        )
    try:
        # OpenCV's own lines name neither a device nor what to do; ours do. Its libraries read this at import.
        os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
        run: Callable[[list[str]], int] = import_module(module).run
        return run(rest)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if not missing or missing in _OUR_PACKAGES:
            raise  # a fault in our own code, which no extra would mend
        word = "extras" if "," in group.extras else "extra"
        return _complain(
            f"menjin {name} needs the {word} {group.extras}: pip install 'menjin[{group.extras}]'"
            f" (no module {error.name!r})"
        )
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _help() -> str:
    lines = [
        f"  {name:<13}{group.summary}"
        for name, group in GROUPS.items()
        if group.only_in_a_checkout or _is_here(group)
    ]
    return "\n".join(
        [
            "usage: menjin COMMAND ...",
            "",
            "A gate system for residential compounds in which nobody has to show their face.",
            "",
            *lines,
            "",
            "'menjin COMMAND --help' tells more; 'menjin --version' says which version this is.",
        ]
    )


def _package() -> tuple[str, str]:
    """Return the name and version of the installed package."""
    for name in PACKAGES:
        try:
            return name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return PACKAGES[0], "(not installed: run 'make setup')"


def _is_here(group: Group) -> bool:
    """Return whether this installation has a module of a group; the gate without face has fewer."""
    places = [_CHECKOUT / module.replace(".", "/") for module in (group.module, *group.without_it.values())]
    return any(place.with_suffix(".py").is_file() or place.is_dir() for place in places)


def _complain(message: str) -> int:
    print(f"menjin: {message}", file=sys.stderr)
    return EXIT_USAGE


def _make_checkout_importable(module: str) -> bool:
    """Put the checkout first on the import path, or say that there is none."""
    if not (_CHECKOUT / "pyproject.toml").is_file():
        return False
    if not (_CHECKOUT / module.replace(".", "/")).is_dir():
        return False
    sys.path.insert(0, str(_CHECKOUT))
    return True


if __name__ == "__main__":
    sys.exit(main())

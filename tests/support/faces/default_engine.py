"""The default engine, loaded once for the tests of all that uses faces."""

import pytest

from gate_controller.face.engines.engines import DEFAULT_ENGINE, load_engine
from gate_controller.face.engines.yunet_sface import YunetSfaceEngine


@pytest.fixture(scope="session")
def engine() -> YunetSfaceEngine:
    """The real engine with the real weights."""
    loaded = load_engine(DEFAULT_ENGINE)
    assert isinstance(loaded, YunetSfaceEngine)
    return loaded

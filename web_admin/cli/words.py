"""The words of `menjin web` at a terminal, in the language of who types; `run` chooses it."""

from pathlib import Path

import web_admin
from gate_controller.contract.spoken import Spoken

_ = Spoken(Path(web_admin.__file__).parent / "translations")

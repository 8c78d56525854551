"""Ring by writing a line into a file: the smallest call adapter that there is.

Its one setting is its own matter: the variable NOTEBOOK names the file. Some addresses do as a bad service.
"""

import json
import os
import time
from pathlib import Path
from typing import ClassVar

from web_admin.messages.call_adapters import CallAdapter, NotRung, Ringing


class Notebook(CallAdapter):
    """An adapter whose addresses are words."""

    api = 1
    name = "notebook"
    title: ClassVar[dict[str, str]] = {"zh": "记事本", "en": "Notebook"}

    def ring(self, ringing: Ringing) -> object:  # type: ignore[override]
        """Write that it rings, and claim to open, which no one reads."""
        if ringing.address == "hangs":
            time.sleep(60)
        if ringing.address == "breaks":
            raise ValueError(ringing.address)
        if ringing.address == "unknown":
            raise NotRung("no_such_address")
        self._write("ring", ringing)
        return {"call_id": ringing.call_id, "stage": "answered", "opens": True}

    def end(self, ringing: Ringing) -> None:
        """Write that it ended."""
        self._write("end", ringing)

    def _write(self, what: str, ringing: Ringing) -> None:
        line = [what, ringing.call_id, ringing.address, ringing.page, ringing.sentence]
        with Path(os.environ["NOTEBOOK"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

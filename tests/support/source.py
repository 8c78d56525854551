"""Syntax trees of the project's own sources, for tests that read the code."""

import ast
import gc
from functools import cache
from pathlib import Path


@cache
def tree_of(path: Path) -> ast.Module:
    """Parse a source file, undisturbed by the garbage collector.

    What it finds may print a traceback, for which Python 3.11 parses a line while this parse is under way,
    and loses count of its depth: SystemError, https://github.com/python/cpython/issues/106905.
    """
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()

"""Make values again that functions of a module make as it is imported, such as compiled statements.

A fork has imported the module with its functions unchanged. Were it imported a second time, the modules that
took something from it before would go on with the first one: so a value stays the same object, and what is
made now is put into it.
"""

import ast
import inspect
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any


def make_again(names: Sequence[str], dialect: str) -> None:
    """Run the assignments of these values once more for one of `DIALECTS`, whose entry each of them gets.

    No test reaches a line that makes what another dialect gets, so no test is tried on a change of it.
    """
    for dotted in names:
        module_name, _, name = dotted.rpartition(".")
        module = sys.modules[module_name]
        value: dict[str, Any] = vars(module)[name]
        around = vars(module) | {"DIALECTS": (dialect,)}
        value.update(eval(_assigned(module, name), around))  # noqa: S307 - the module's own source


def _assigned(module: ModuleType, name: str) -> Any:
    """Return the code of what a module assigns to a name; raise ValueError where it assigns nothing."""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            return compile(ast.Expression(node.value), str(module.__file__), "eval")
    raise ValueError(
        f"{module.__name__} assigns nothing to {name}: name it as it is in tests/mutation/run.py"
    )

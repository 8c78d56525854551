"""Look at a driver's settings and texts: each key has its sentence, each number its range and its unit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from msgspec import NODEFAULT, inspect

from hardware.driver import Settings
from hardware.readers.drivers import SERIAL_WIRING

LANGUAGES = tuple(SERIAL_WIRING)
"""Those in which Menjin's own drivers say how they are wired, English first."""
LEAST_CHARACTERS = 8


@dataclass(slots=True)
class Key:
    name: str
    sentence: str = ""
    unit: str | None = None
    is_number: bool = False
    is_bounded: bool = True
    legal: str = ""
    default: str = ""


def keys_of(settings: type[Settings]) -> list[Key]:
    """Return the keys of a table of the site file in their order."""
    info = inspect.type_info(settings)
    keys = []
    for field in info.fields if isinstance(info, inspect.StructType) else ():
        key = Key(field.encode_name)
        _look(field.type, key)
        if not field.required and field.default not in (None, NODEFAULT):
            key.default = (
                str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            )
        keys.append(key)
    return keys


def _look(kind: inspect.Type, key: Key) -> None:
    match kind:
        case inspect.Metadata():
            key.sentence = str((kind.extra_json_schema or {}).get("description", key.sentence))
            if kind.extra is not None and "unit" in kind.extra:
                key.unit = str(kind.extra["unit"])
            _look(kind.type, key)
        case inspect.UnionType():
            for one in kind.types:
                _look(one, key)
        case inspect.VarTupleType() | inspect.ListType():
            _look(kind.item_type, key)
        case inspect.IntType() | inspect.FloatType():
            low = kind.ge if kind.ge is not None else kind.gt
            high = kind.le if kind.le is not None else kind.lt
            key.is_number = True
            key.is_bounded = low is not None and high is not None
            key.legal = f"{low} to {high}"
        case inspect.LiteralType():
            key.legal = ", ".join(map(str, kind.values))
        case inspect.BoolType():
            key.legal = "true, false"
        case _:
            return


def incomplete_keys(settings: type[Settings]) -> Iterator[str]:
    """Yield each key that lacks its sentence, its range or its unit, and what it lacks."""
    for key in keys_of(settings):
        if not (key.sentence.endswith((".", "...")) and " " in key.sentence):
            yield f"{key.name} has no sentence (msgspec.Meta(description=...))"
        elif key.is_number and not key.is_bounded:
            yield f"{key.name} is a number without a least and a most"
        elif key.is_number and key.unit is None:
            yield f'{key.name} is a number without a unit (msgspec.Meta(extra={{"unit": ...}}))'


def missing_languages(texts: Mapping[str, str]) -> list[str]:
    """Return the languages in which a text for people is missing."""
    english, *others = LANGUAGES
    missing = [language for language in LANGUAGES if len(texts.get(language, "")) < LEAST_CHARACTERS]
    return missing + [language for language in others if texts.get(language, "") == texts.get(english)]

"""Parts that several servers of one process share: addresses, compiled templates, catalogues of words.

It says nothing of any compound. Without it every further server would compile the same addresses and
templates again and keep them once more: 130 ms and 2.6 MiB each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apispec import APISpec
from flask import Flask
from flask_babel import Domain
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Map, RuleFactory


class SharedAddresses(Map):
    """The addresses of the first server, compiled once; each further one has to have the same."""

    is_complete = False

    def add(self, rulefactory: RuleFactory) -> None:
        """Add an address; once all are there, only accept one that is known. Raises ValueError."""
        if not self.is_complete:
            super().add(rulefactory)
            return
        for rule in rulefactory.get_rules(self):
            known = self._rules_by_endpoint.get(rule.endpoint, [])
            if not any((one.rule, one.methods) == (rule.rule, rule.methods) for one in known):
                raise ValueError(f"{rule.rule} is no address of the first server")


class CompiledTemplates(BytecodeCache):
    """The code of templates, by their name and text."""

    def __init__(self) -> None:
        """Start empty."""
        self._codes: dict[str, tuple[str, Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template its code, if one of the same text was compiled before."""
        checksum, code = self._codes.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = (bucket.checksum, bucket.code)


@dataclass(slots=True)
class SharedParts:
    """Made empty, filled by the first server that takes it, read by all others."""

    addresses: SharedAddresses = field(default_factory=SharedAddresses)
    templates: CompiledTemplates = field(default_factory=CompiledTemplates)
    document: APISpec | None = None
    """The description of the interface for other systems."""
    _words: dict[str, dict[Any, Any]] = field(default_factory=dict)

    def address_map(self, **_options: object) -> SharedAddresses:
        """Return the map, as Flask asks for its own."""
        return self.addresses

    def share_words(self, app: Flask) -> None:
        """Give a finished app the shared catalogues, its own and those of the sign-in library."""
        self.addresses.is_complete = True
        with app.app_context():
            domains: Mapping[str, Domain] = {
                "pages": app.extensions["babel"].instance.domain_instance,
                "sign-in": app.extensions["security"].i18n_domain,
            }
        for name, domain in domains.items():
            domain.cache = self._words.setdefault(name, domain.cache)

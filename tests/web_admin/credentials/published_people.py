"""Whom an act asks to publish, and whether with everyone else of their homes."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from web_admin.action.base import Action
from web_admin.core.effects import NoEffects
from web_admin.core.orm import Fact


@dataclass
class Asked(NoEffects):
    """Effects that note what they were asked to publish, and what was recorded."""

    published: list[tuple[set[str] | None, bool]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def publish(
        self,
        _session: object,
        _site_id: str,
        _now: object,
        person_ids: Collection[str] | None,
        _gate_ids: Collection[str] | None = None,
        *,
        with_others: bool = True,
    ) -> None:
        """Note the people."""
        self.published.append((None if person_ids is None else set(person_ids), with_others))

    def recorded(self, _session: object, kind: str, _facts: Mapping[str, Fact], *_of_whom: object) -> None:
        """Note the kind of entry."""
        self.kinds.append(kind)


def asked_by(act: Action, act_on: Callable[[Action], object]) -> Asked:
    asked = Asked()
    act_on(replace(act, effects=asked))
    return asked

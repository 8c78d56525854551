"""Try an installed call adapter against a call that is none, and say what of its contract it breaks."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from web_admin.messages.call_adapters import AdapterRefused, Adapters, NotRung, Ringing

PAGE = "https://gate.example.org/r/call/{call_id}"
RINGS_FOR = timedelta(seconds=30)


class WatchedRinging(Ringing):
    """A ringing that notes what an adapter asks for beside what it is given."""

    def __getattr__(self, name: str) -> object:
        """Note a name that a ringing does not have."""
        if not name.startswith("__"):
            self.__dict__.setdefault("asked_for", []).append(name)
        raise AttributeError(f"a ringing has no {name!r}")

    def asked(self) -> list[str]:
        """Return the names that were asked for."""
        return list(dict.fromkeys(self.__dict__.get("asked_for", [])))


def check_adapter(
    adapters: Adapters, name: str, address: str, sentences: Mapping[str, str], now: datetime
) -> tuple[list[str], list[str]]:
    """Return what an adapter did, and what fails; it rings and ends with a sentence of each language."""
    try:
        adapter = adapters.adapter(name)
    except AdapterRefused as refused:
        return [], [str(refused)]
    done = [f"loads: API {adapter.api}, {', '.join(adapter.title.values())}"]
    failures: list[str] = []
    for language, sentence in sentences.items():
        call_id = f"check-{language}"
        ringing = WatchedRinging(
            call_id=call_id,
            address=address,
            page=PAGE.format(call_id=call_id),
            sentence=sentence,
            language=language,
            rings_until=now + RINGS_FOR,
        )
        for word, act in (("ring", adapter.ring), ("end", adapter.end), ("end again", adapter.end)):
            what = f"{word} ({language})"
            try:
                adapters.do(name, partial(act, ringing))
                done.append(f"{what}: done")
            except NotRung as trouble:
                breach = _breach(trouble)
                if breach:
                    failures.append(f"{what}: {breach}")
                else:
                    done.append(f"{what}: not rung, {trouble.word}")
        failures += [f"asks for {one!r}, which no adapter is given" for one in ringing.asked()]
    return done, list(dict.fromkeys(failures))


def _breach(trouble: NotRung) -> str:
    """Say what of the contract a trouble breaks; nothing of an adapter that says that it did not ring."""
    cause = trouble.__cause__
    if trouble.word == "adapter_too_slow":
        return "does not return within 10 seconds"
    if trouble.word == "adapter_fault":
        return f"raises {type(cause).__name__}, and may raise NotRung alone: {cause}"
    if trouble.word == "adapter_hangs":
        return "was not tried, since earlier ones still hang"
    return "raises NotRung with a word that is not of a-z, 0-9 and _" if trouble.word == "no_word" else ""

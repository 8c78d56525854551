"""Let an adapter ring a person of a called home, or end that: one message, once, while it is news."""

import base64
import logging
from datetime import datetime
from functools import partial

from web_admin.core.config import WebConfig
from web_admin.core.sealing import SealBroken, Sealer
from web_admin.messages.call_adapters import (
    AdapterRefused,
    Adapters,
    NotRung,
    Ringing,
    split,
)
from web_admin.messages.errors import NotSent
from web_admin.messages.models import OutboxMessage
from web_admin.messages.push_delivery import CALL_OVER, TOO_LATE, manner_of

NUMBER_PURPOSE = "call-number"
"""Under which a telephone's number and an adapter's address are sealed."""
IS_OFF, REFUSED = "adapter_is_off", "adapter_refused"

_log = logging.getLogger(__name__)


def send_to_adapter(
    sealer: Sealer, config: WebConfig, adapters: Adapters, message: OutboxMessage, now: datetime
) -> None:
    """Let the adapter that a message's address names ring or end; raise NotSent."""
    until = message.created_at + manner_of(message.kind).lives
    if now >= until:
        raise NotSent(TOO_LATE, for_good=True)
    name, address = _to(sealer, message)
    if name not in config.call_adapters:
        raise NotSent(IS_OFF, for_good=True)
    said = message.body
    ringing = Ringing(
        call_id=str(said.get("about")),
        address=address,
        page=f"{config.public_url}{said.get('page')}",
        sentence=str(said.get("text")),
        language=str(said.get("lang")),
        rings_until=now if message.kind == CALL_OVER else until,
    )
    try:
        adapter = adapters.adapter(name)
        act = adapter.end if message.kind == CALL_OVER else adapter.ring
        adapters.do(name, partial(act, ringing))
    except AdapterRefused as refused:
        _log.error("%s", refused)
        raise NotSent(REFUSED, for_good=True) from refused
    except NotRung as trouble:
        _log.warning("call adapter %s: %s", name, trouble.word)
        raise NotSent(trouble.word, for_good=True) from trouble


def _to(sealer: Sealer, message: OutboxMessage) -> tuple[str, str]:
    """Return adapter and address; raise NotSent where the server's keys do not open them."""
    try:
        sealed = base64.b64decode(str(message.body.get("to")))
        found = split(sealer.open(sealed, purpose=NUMBER_PURPOSE).decode())
    except SealBroken as err:
        raise NotSent(IS_OFF, for_good=True) from err
    if found is None:
        raise NotSent(IS_OFF, for_good=True)
    return found

"""Print addresses, sign-ins and suggestions once the demo's script is over."""

import time
from collections.abc import Iterator

from demo.actors.manager_browser import TOTP_STEP_SECONDS, totp_code
from demo.stage import MANAGER, Stage
from demo.world.compound import GUARD
from web_admin.people.invitations import invite


def addresses(stage: Stage, bench_address: str) -> Iterator[str]:
    """Yield lines for a terminal; they hold secrets of this demo alone, gone when it ends."""
    guest, resident = stage.compound.cards[0], stage.member("resident")
    with stage.office.act() as act:
        invitation = invite(act, guest.person_id)
    screen = stage.gates["north"].launch_url
    yield ""
    yield f"  Bench: cards, keys, cables   {bench_address}"
    yield f"  Manager and guard            {stage.server.address}/staff/sign-in"
    for email, secret in ((MANAGER, stage.totp_secret), (GUARD, stage.guard_totp_secret)):
        yield f"    {email:<18}  password {stage.manager_password}"
        yield f"      authenticator secret {secret}   codes now: {_codes(secret)} (each works once)"
    yield f"  A resident's invitation      {stage.server.address}/r/welcome/{invitation}"
    if screen is not None:
        yield f"  Screen of the north gate     {screen}"
    yield f"  A PIN to type at a keypad    {resident.typed_home}#{resident.pin}#"
    yield ""
    yield "  The portraits before the camera are files in the simulated camera's folder only."
    yield "  Ctrl-C stops everything and removes it."


def _codes(secret: str) -> str:
    """Return the codes of this half minute and the next: the script may have used the first."""
    now = time.time()
    return " then ".join(totp_code(secret, now + TOTP_STEP_SECONDS * ahead) for ahead in (0, 1))

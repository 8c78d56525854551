"""Print where to start, addresses and sign-ins once the demo runs."""

import time
from collections.abc import Iterator

from demo.actors.manager_browser import TOTP_STEP_SECONDS, totp_code
from demo.stage import MANAGER, Stage
from demo.world.compound import STAFF
from web_admin.people.invitations import invite


def addresses(stage: Stage, front_address: str) -> Iterator[str]:
    """Yield lines for a terminal; they hold secrets of this demo alone, gone when it ends."""
    guest = stage.compound.cards[0]
    with stage.office.act() as act:
        invitation = invite(act, guest.person_id)
    screen = stage.gates["north"].launch_url
    yield ""
    yield f"  Start here: {front_address}   enter as manager, guard, resident or visitor; three gates to try"
    yield ""
    password = stage.manager_password
    yield f"  Sign-in of staff             {stage.server.address}/staff/sign-in   password {password}"
    for email, role in {MANAGER: "manager", **STAFF}.items():
        secret = stage.totp_secrets[email]
        name = role.replace("_", " ")
        yield f"    {name:<16} {email:<20} codes now {_codes(secret)}   authenticator secret {secret}"
    yield f"  Invitation of home {guest.home:<10}{stage.server.address}/r/welcome/{invitation}"
    if screen is not None:
        yield f"  Screen of the north gate     {screen}"
    yield ""
    yield "  Each code signs in once. `menjin demo --tour` plays the steps first."
    yield "  The portraits before the camera are files in the simulated camera's folder only."
    yield "  Ctrl-C stops everything and removes it."


def _codes(secret: str) -> str:
    """Return the codes of this half minute and the next: a step or a person may have used the first."""
    now = time.time()
    return " then ".join(totp_code(secret, now + TOTP_STEP_SECONDS * ahead) for ahead in (0, 1))

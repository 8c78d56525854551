"""Actions on a site's settings: name, language, zone, card form, look, mail server."""

from ipaddress import ip_address
from zoneinfo import available_timezones

from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from gate_controller.contract.languages import LANGUAGES
from gate_controller.contract.records import CredentialKind
from gate_controller.rules.lost_readers import PAUSE_AFTER_HOURS_AT_MOST
from web_admin.action.base import Action, begin, checked_text, finish, office_only, record
from web_admin.compound.models import CredentialRow, Person, Site
from web_admin.core.orm import Fact
from web_admin.core.refusal import ActionRefused
from web_admin.custody.shares import people_with_shares
from web_admin.messages.addresses import is_public
from web_admin.messages.mail import LOCAL_HOSTS
from web_admin.messages.models import MailServer
from web_admin.messages.outbox import give_up, hasten
from web_admin.messages.texts import TROUBLES
from web_admin.settings.colours import LEAST_CONTRAST, is_colour, readable
from web_admin.settings.drawing import LOGO, PLAN, DrawingRefused, Size, checked_drawing
from web_admin.settings.models import SiteLook

FOR_THE_OFFICE = _("Settings are changed by the property manager only.")

MAX_CONTACT_CHARS = 120
CARD_BITS = (24, 32)
SECURITIES = ("starttls", "tls", "none")
_REGIONS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def timezones() -> list[str]:
    """Return the zones to choose from, by name."""
    return sorted(zone for zone in available_timezones() if zone.partition("/")[0] in _REGIONS)


def look_of(act: Action) -> SiteLook:
    """Return the site's look, begun if there is none."""
    look = act.session.get(SiteLook, act.site_id)
    if look is None:
        look = SiteLook(site_id=act.site_id)
        act.session.add(look)
        act.session.flush()
    return look


def save_site(
    act: Action,
    *,
    name: str,
    language: str,
    timezone: str,
    zone_confirmed: bool,
    card_bits: int,
    office_contact: str,
    face_pause_hours: int,
) -> None:
    """Save the site's name, time zone, card format and pause of face; publish to gates what concerns them."""
    site = begin(act)
    office_only(act, FOR_THE_OFFICE)
    site.name = checked_text("name", name, max_chars=80)
    if language not in LANGUAGES:
        raise ActionRefused("language", _("Choose one."))
    if timezone not in available_timezones():
        raise ActionRefused("timezone", _("There is no such time zone."))
    if timezone != site.timezone and not zone_confirmed:
        raise ActionRefused(
            "zone_confirmed", _("All schedules and holidays will use the new time zone. Please confirm.")
        )
    # Where the zone changes, so does when the last other way beside a face ends.
    touched = people_with_shares(act.session, act.site_id) if timezone != site.timezone else ()
    _check_card_form(act, site, card_bits)
    if not 0 <= face_pause_hours <= PAUSE_AFTER_HOURS_AT_MOST:
        raise ActionRefused("face_pause_hours", _("From 0 to 48 hours: face never goes on for longer."))
    site.language, site.timezone, site.card_bits = language, timezone, card_bits
    site.face_pause_hours = face_pause_hours
    contact = " ".join(office_contact.split())
    look_of(act).office_contact = contact and checked_text(
        "office_contact", contact, max_chars=MAX_CONTACT_CHARS
    )
    facts: dict[str, Fact] = {
        "timezone": timezone,
        "language": language,
        "card_bits": card_bits,
        "face_pause_hours": face_pause_hours,
    }
    finish(act, "site_changed", facts, touches=touched)


def has_cards(act: Action) -> bool:
    """Return whether a card was ever given here: then their form is fixed."""
    given = (
        select(CredentialRow.credential_id)
        .join(Person)
        .where(Person.site_id == act.site_id, CredentialRow.kind == CredentialKind.CARD)
    )
    return act.session.scalar(given.limit(1)) is not None


def _check_card_form(act: Action, site: Site, card_bits: int) -> None:
    if card_bits not in CARD_BITS:
        raise ActionRefused("card_bits", _("Choose one."))
    if card_bits != site.card_bits and has_cards(act):
        raise ActionRefused(
            "card_bits", _("Cards were given in this form already: every one of them would stop.")
        )


# -- look ------------------------------------------------------------------------------------------


def save_accent(act: Action, accent: str) -> None:
    """Give the pages a colour of the site's own; "" takes ours back."""
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    colour = accent.strip().lower()
    if colour and not is_colour(colour):
        raise ActionRefused("accent", _("Type a colour as # and six digits, such as #0b5d4e."))
    if colour and readable(colour) < LEAST_CONTRAST:
        raise ActionRefused(
            "accent",
            _(
                "Words in this colour are too hard to read: contrast %(found)s, at least %(least)s is "
                "needed. Take a darker one.",
                found=f"{readable(colour):.1f}",
                least=LEAST_CONTRAST,
            ),
        )
    look_of(act).accent = colour or None
    record(act, "look_changed", {"accent": colour})


def save_logo(act: Action, content: bytes) -> None:
    """Put a drawn logo in the place of ours; no content takes ours back."""
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    look_of(act).logo_svg = _drawn("logo", content, LOGO) if content else None
    record(act, "logo_changed", {"own": bool(content)})


def save_plan(act: Action, content: bytes) -> None:
    """Put a drawing under the map of the gates, or take it away; gates stay where they are."""
    begin(act)
    look_of(act).plan_svg = _drawn("plan", content, PLAN) if content else None
    record(act, "plan_changed", {"own": bool(content)})


def _drawn(field: str, content: bytes, most: Size) -> str:
    """Return the drawing of a file; raise ActionRefused that says what is wrong and what to do."""
    try:
        return checked_drawing(content, most)
    except DrawingRefused as err:
        raise ActionRefused(field, _why_no_drawing(err.part, most)) from err


def _why_no_drawing(part: str, most: Size) -> LazyString:
    if part == "size":
        return too_large(most)
    if part:
        return _(
            "The drawing contains “%(part)s”, which is not allowed here. Save it as plain shapes.",
            part=part,
        )
    return _("This is not an SVG drawing with a size. Pixels (PNG, JPEG) are not kept.")


def too_large(most: Size) -> LazyString:
    """Return what to say of a drawing that is larger than it may be."""
    return _(
        "That is too large. A drawing here has at most %(kilobytes)s kB and %(shapes)s shapes.",
        kilobytes=most.kilobytes,
        shapes=most.shapes,
    )


# -- mail ------------------------------------------------------------------------------------------


def save_mail_server(
    act: Action, *, host: str, port: int, security: str, username: str, sender: str, named: str
) -> MailServer:
    """Set the site's mail server, without its password; what waits is tried again at once.

    `named` is the server that the operator named (`mail_server` of web.toml): only it has a password here.
    """
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    name = checked_text("host", host, max_chars=200).lower()
    if " " in name or "/" in name or "@" in name:
        raise ActionRefused("host", _("Type a name such as mail.example.org, without anything around it."))
    if not 1 <= port <= 65535:
        raise ActionRefused("port", _("From 1 to 65535; 587 is usual with STARTTLS, 465 with TLS."))
    if security not in SECURITIES:
        raise ActionRefused("security", _("Choose one."))
    if security == "none" and name not in LOCAL_HOSTS:
        raise ActionRefused(
            "security", _("Without TLS mail goes only to a server on this machine (localhost).")
        )
    if f"{name}:{port}" != named.lower():
        _check_own_server(name, username)
    address = sender.strip()
    if not ("@" in address.strip("@") and len(address.split()) == 1 and len(address) <= 200):
        raise ActionRefused("sender", _("This is not an e-mail address."))
    server = act.session.get(MailServer, act.site_id) or MailServer(site_id=act.site_id)
    server.host, server.port, server.security = name, port, security
    server.username, server.sender = username.strip()[:200], address
    act.session.add(server)
    hasten(act.session, act.site_id, "mail", act.now)
    record(act, "mail_server_changed", {"host": name, "port": port, "security": security})
    return server


def _check_own_server(name: str, username: str) -> None:
    """Raise ActionRefused for what only a server that the operator named may be or have."""
    try:
        local = not is_public(ip_address(name.strip("[]")))
    except ValueError:
        local = name in LOCAL_HOSTS
    if local:
        raise ActionRefused("host", TROUBLES["mail_not_reached"])
    if username.strip():
        raise ActionRefused("username", TROUBLES["mail_password_elsewhere"])


def remove_mail_server(act: Action) -> None:
    """Send no mail any more; what waits is given up."""
    begin(act)
    office_only(act, FOR_THE_OFFICE)
    server = act.session.get(MailServer, act.site_id)
    if server is not None:
        act.session.delete(server)
        give_up(act.session, act.site_id, "mail", "mail_not_set_up", act.now)
        record(act, "mail_server_removed", {})

"""Say in the language of the page what was judged: reasons, troubles, alarms, spans of time."""

from collections.abc import Mapping

from flask_babel import LazyString, gettext, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from head_office import overview
from head_office.judging import Reason
from head_office.overview import Faces, Pending

MINUTE, HOUR, DAY = 60, 3600, 86400

ALARMS: Mapping[str, LazyString] = {
    "alarm_on_battery": _l("The gate runs on its battery"),
    "alarm_battery_low": _l("The battery is nearly empty"),
    "alarm_obstacle": _l("The barrier's safety input stays active"),
    "alarm_button_stuck": _l("A button stays pressed, or its wire is loose"),
    "alarm_lane_memory_damaged": _l("What the gate remembered of its doors was damaged"),
    "alarm_contact_flapping": _l("The door contact flutters: look at its magnet and its cable"),
    "alarm_override": _l("A staff card or the emergency code opened the gate"),
    "alarm_hold_not_open": _l("Was to be held open, but the lock does not answer"),
    "alarm_card_left": _l("A card lies at its reader; it opens nothing until it is taken away"),
    "alarm_door_forced": _l("Door forced open"),
    "alarm_door_held": _l("Door open too long"),
    "alarm_fire": _l("Fire release"),
    "alarm_tamper": _l("A device was tampered with"),
    "alarm_desk_guessing": _l("Many numbers were typed at the desk, or the person was not there"),
    "alarm_help": _l("Someone asks for help"),
    "alarm_face_unavailable": _l("Face is not available at this gate, everything else works"),
    "alarm_camera": _l("The camera does not see"),
    "alarm_device_lost": _l("A device does not answer"),
    "alarm_last_reader_lost": _l("No reader works at this lane any more: face alone is left"),
    "alarm_granted_not_opened": _l("Opening was ordered, the door did not answer"),
    "alarm_many_wrong": _l("Many wrong tries"),
    "alarm_pin_stopped": _l("A home's PINs are stopped at this gate after a hundred wrong numbers"),
    "alarm_policy_refused": _l("The gate refused new rules"),
    "alarm_policy_damaged": _l("The gate's stored rules were damaged; it asks the server for them again"),
    "alarm_journal_damaged": _l("The gate's journal was damaged; the readable part was kept"),
    "alarm_gate_failed": _l("The gate's program failed at one step and goes on"),
    "alarm_update_rolled_back": _l("A new version did not do; the gate runs the one before again"),
    "alarm_update_refused": _l("An older version was ordered for a gate and refused"),
    "alarm_gate_forked": _l("Two controllers use the identity of one gate"),
    "alarm_journal_broken": _l("A gate's journal does not add up"),
    "alarm_journal_restarted": _l("A gate began a new journal"),
    "alarm_sign_in_guessing": _l("Password guessing at the staff sign-in"),
    "alarm_entries_set_aside": _l("Entries of a gate's journal were set aside"),
    "alarm_request_unacknowledged": _l("A request waits to be acknowledged"),
    "alarm_request_overdue": _l("A request should have been answered"),
    "alarm_gate_silent": _l("A gate has no contact with the server"),
    "alarm_gate_behind": _l("A gate keeps old rules"),
    "alarm_gate_clock": _l("A gate's clock is not right"),
    "alarm_gate_disk": _l("A gate's disk is nearly full"),
    "alarm_server_clock": _l("The server's clock is not right"),
    "alarm_server_disk": _l("The server's disk is nearly full"),
    "alarm_server_tasks": _l("Tasks of the server fail or do not run"),
    "alarm_certificate": _l("The certificate of the address ends soon or is refused"),
    "alarm_backup_old": _l("There is no recent backup"),
    "alarm_mail_failing": _l("Mail and messages are not delivered"),
}
"""As compounds word them. Silent alarms are in no answer."""

WAYS: Mapping[str, LazyString] = {
    "card": _l("Card"),
    "pin": _l("PIN"),
    "qr": _l("QR code"),
    "face": _l("Face"),
}

TROUBLES: Mapping[str, tuple[LazyString, LazyString]] = {
    "no_such_name": (
        _l("Its name is not known in the network."),
        _l("Is the address in compounds.toml right? Ask who runs the network."),
    ),
    "no_connection": (
        _l("Its server cannot be reached."),
        _l("Its gates go on alone. Ask the compound whether server and line are up."),
    ),
    "tls": (
        _l("Its certificate is refused."),
        _l("It has ended or is of another name: the compound renews it in its proxy."),
    ),
    "too_slow": (
        _l("Its server does not answer in time."),
        _l("Its gates go on alone. Ask the compound to look at its page Health."),
    ),
    "redirect": (
        _l("It sends elsewhere, and no key is sent there."),
        _l("Write the address in compounds.toml to which it leads, if that is the compound."),
    ),
    "key_refused": (
        _l("It refuses our key."),
        _l(
            "The key has ended, or waits after a restore: its office allows it again or makes a "
            "new one, under Settings, Keys for other systems."
        ),
    ),
    "key_has_no_scope": (
        _l("Our key may not read how it is."),
        _l("Its office makes a key that may read the compound in counts and ages, and no more."),
    ),
    "no_overview": (
        _l("Its version has no answer for a head office."),
        _l("Bring its server up to date, or look whether the address leads to another program."),
    ),
    "too_often": (
        _l("It is asked too often with this key."),
        _l("Is the key in use elsewhere? One key is for one program."),
    ),
    "server_trouble": (
        _l("Its server answers that it has a fault."),
        _l("Ask the compound to look at its page Health and its log."),
    ),
    "too_large": (
        _l("It sends far more than an answer has."),
        _l("That is no Menjin: look whether the address is right and who answers there."),
    ),
    "nonsense": (
        _l("What it sends is no answer."),
        _l("That is no Menjin: look whether the address is right and who answers there."),
    ),
    "other_format": (
        _l("It answers in the form of another version."),
        _l("Bring the head office up to date: it is read by the same version or a later one."),
    ),
    "no_key": (
        _l("Its key is missing here."),
        _l("Put it into keys/ in the data directory, readable by the owner only."),
    ),
}


def span(seconds: int) -> str:
    """Return how long something is ago or lasts, in its largest unit."""
    if seconds < MINUTE:
        return str(_("less than a minute"))
    if seconds < HOUR:
        return str(ngettext("%(num)d minute", "%(num)d minutes", seconds // MINUTE))
    if seconds < 2 * DAY:
        return str(ngettext("%(num)d hour", "%(num)d hours", seconds // HOUR))
    return str(ngettext("%(num)d day", "%(num)d days", seconds // DAY))


def trouble(word: str) -> tuple[str, str]:
    """Return why there is no answer, and what to do."""
    says, todo = TROUBLES.get(word, TROUBLES["nonsense"])
    return str(says), str(todo)


def alarm(kind: str) -> str:
    """Return an alarm as people say it; one of a newer version as it is written."""
    return str(ALARMS.get(kind, kind))


def way(method: str) -> str:
    """Return a way in as people say it."""
    return str(WAYS.get(method, method))


def sentence(reason: Reason) -> str:
    """Return one thing that needs a person as a short line."""
    for_long = span(reason.seconds) if reason.seconds is not None else ""
    if reason.what == "alarm":
        times = f" · {reason.count}×" if reason.count > 1 else ""
        return f"{alarm(reason.word)}{times} · {for_long}"
    counted = {
        "gates_silent": ngettext(
            "%(num)d gate without contact", "%(num)d gates without contact", reason.count
        ),
        "gates_behind": ngettext("%(num)d gate with old rules", "%(num)d gates with old rules", reason.count),
        "gates_not_paired": ngettext(
            "%(num)d gate without a controller", "%(num)d gates without a controller", reason.count
        ),
        "no_answer": gettext("No answer for %(span)s", span=for_long),
        "backup_old": gettext("Last backup %(span)s ago", span=for_long),
        "forgettings_pending": gettext(
            "Certificates of forgetting pending, for up to %(span)s", span=for_long
        ),
    }
    return str(counted.get(reason.what) or _PLAIN.get(reason.what, reason.what))


_PLAIN: Mapping[str, LazyString] = {
    "not_asked": _l("Not asked yet"),
    "no_backup": _l("No backup yet"),
    "server": _l("Its server reports trouble on its page Health"),
    "ways_not_equal": _l("A way in opens clearly less often than the face"),
}


def count_range(figure: Pending | Faces) -> str:
    """Return a count in tens: from the least to the most that is possible."""
    if figure.at_least == figure.at_most:
        return f"{figure.at_least:,}"
    return f"{figure.at_least:,}–{figure.at_most:,}"


def shown_text(text: str) -> str:
    """Return a text of a compound as a page may show it."""
    return overview.shown_text(text)


def error(code: int) -> dict[str, str]:
    """Return title and text of a page of an error."""
    titles = {
        401: (_("Sign in first"), _("Your session has ended. Nothing was changed.")),
        403: (_("This form came from elsewhere"), _("Go back, load the page again and try once more.")),
        404: (_("There is no such page"), _("The compound may have been taken off the list.")),
        429: (_("Too many tries"), _("Wait five minutes, then try again.")),
    }
    other = (
        _("Something went wrong here"),
        _("The compounds and their gates go on alone. Look at the log of the head office."),
    )
    known = (_("This request cannot be read"), _("Go back, load the page again and try once more."))
    title, text = titles.get(code, other if code >= 500 else known)
    return {"title": title, "text": text}

"""Say in the language of the page what was judged: reasons, troubles, spans of time."""

from collections.abc import Mapping

from flask_babel import LazyString, get_locale, gettext, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from head_office import overview
from head_office.judging import Reason
from head_office.overview import Faces, Pending

MINUTE, HOUR, DAY = 60, 3600, 86400

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
        _l("Its gates keep working. Ask the compound to check its server and network."),
    ),
    "tls": (
        _l("Its certificate is refused."),
        _l("It has expired or is for another name. The compound renews it in its proxy."),
    ),
    "too_slow": (
        _l("Its server does not answer in time."),
        _l("Its gates keep working. Ask the compound to check its page Health."),
    ),
    "redirect": (
        _l("It redirects to another address. The key is not sent there."),
        _l("If it leads to the compound, write that address in compounds.toml."),
    ),
    "key_refused": (
        _l("It refuses our key."),
        _l(
            "The key has expired, or waits to be allowed after a restore. The compound allows it "
            "or makes a new one under Settings, Keys for other systems."
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
        _l("Its answer is far too large."),
        _l("Another program answers there. Check the address."),
    ),
    "nonsense": (
        _l("It did not send a valid answer."),
        _l("Another program answers there. Check the address."),
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


def alarm(kind: str, names: Mapping[str, str]) -> str:
    """Return an alarm as its compound calls it, if it can in the page's language; else its kind."""
    locale = get_locale()
    name = names.get(locale.language if locale is not None else "") or next(iter(names.values()), "")
    return shown_text(name) or kind


def way(method: str) -> str:
    return str(WAYS.get(method, method))


def sentence(reason: Reason) -> str:
    """Return one thing that needs a person as a short line."""
    for_long = span(reason.seconds) if reason.seconds is not None else ""
    if reason.what == "alarm":
        times = f" · {reason.count}×" if reason.count > 1 else ""
        return f"{alarm(reason.word, reason.names)}{times} · {for_long}"
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
        "forgettings_pending": gettext("Deletion certificates pending, for up to %(span)s", span=for_long),
    }
    return str(counted.get(reason.what) or _PLAIN.get(reason.what, reason.what))


_PLAIN: Mapping[str, LazyString] = {
    "not_asked": _l("Not asked yet"),
    "no_backup": _l("No backup yet"),
    "server": _l("Its server reports trouble on its page Health"),
    "ways_not_equal": _l("A way in fails clearly more often than face"),
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
        401: (_("Sign in first"), _("You were signed out after a while. Nothing was changed.")),
        403: (_("This form came from elsewhere"), _("Go back, load the page again and try once more.")),
        404: (_("There is no such page"), _("The compound may have been taken off the list.")),
        429: (_("Too many tries"), _("Wait five minutes, then try again.")),
    }
    other = (
        _("Something went wrong here"),
        _("The compounds and their gates keep working. Check the log of the head office."),
    )
    known = (_("This request cannot be read"), _("Go back, load the page again and try once more."))
    title, text = titles.get(code, other if code >= 500 else known)
    return {"title": title, "text": text}

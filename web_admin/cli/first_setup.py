"""`menjin web init`: make keys, database, the compound and its first manager from a few answers."""

import argparse
import os
import secrets
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gate_controller.command_line.command_names import server_command
from gate_controller.command_line.spoken import language_of
from gate_controller.contract.languages import Language
from web_admin import create_core
from web_admin.accounts.passwords import check_password
from web_admin.accounts.staff import create_manager, invite_again
from web_admin.action.base import new_action
from web_admin.cli.answers import (
    SHORTEST_PASSPHRASE,
    SHORTEST_PASSWORD,
    CommandRefused,
    answer,
    chosen_answer,
    clock,
    first_line,
    no_timezone,
    optional_answer,
    secret_answer,
)
from web_admin.cli.data_dir import (
    NEW_SETTINGS_NAME,
    first_settings,
    free_data_dir,
    new_data_dir,
    public_url_of,
    remove_new,
    sealer_of,
)
from web_admin.cli.machine_timezone import machine_timezone
from web_admin.cli.words import _
from web_admin.compound.keys import create_site
from web_admin.compound.queries import the_site
from web_admin.core.config import (
    SECRET_NAMES,
    SETTINGS_NAME,
    WebConfig,
    load_config,
    why_not,
    write_secret,
    write_settings,
)
from web_admin.core.database import Menjin
from web_admin.core.named_faults import naming
from web_admin.core.refusal import ActionRefused
from web_admin.journal.ledger import append_audit
from web_admin.operations import schema


@dataclass(frozen=True)
class _Answers:
    language: str
    timezone: str
    name: str
    public_url: str
    security_contact: str
    root_key: Path
    passphrase: str
    email: str
    password: str | None
    """None where a link lets the manager choose it."""
    totp: str | None


def init(arguments: argparse.Namespace) -> str:
    """Make directories, secrets, tables, the site with its keys, and the first manager."""
    free_data_dir(arguments)  # checked before any question is asked
    said = _ask(arguments)
    data_dir, secrets_dir = new_data_dir(arguments)
    settings = first_settings(arguments, said.public_url)
    if said.security_contact:
        settings["security_contact"] = said.security_contact
    try:
        for secret in SECRET_NAMES:
            write_secret(secrets_dir, secret)
        write_settings(data_dir / NEW_SETTINGS_NAME, settings)
        pem, code = _make_site(load_config(os.environ, data_dir, NEW_SETTINGS_NAME), said)
        _write_new(said.root_key, pem)
        (data_dir / NEW_SETTINGS_NAME).rename(data_dir / SETTINGS_NAME)
    except BaseException:
        # Half a server would be taken for a whole one at the next try.
        remove_new(data_dir, secrets_dir)
        raise
    done = _("The server is set up in %(folder)s.", folder=data_dir)
    begin = _how_to_begin(said.public_url.rstrip("/"), code)
    if arguments.brief:
        begin = begin if code is not None else ()
        return "".join(f"{line}\n" for line in (done, *begin))
    lines = (
        done,
        _(
            "Move %(file)s to two places off this machine, then delete it here: a holder of it and its\n"
            "passphrase can make new keys for all gates.",
            file=said.root_key,
        ),
        _(
            "Start the server with: %(command)s",
            command=server_command("run") + f" --data-dir {shlex.quote(str(data_dir))}",
        ),
        *begin,
    )
    return "".join(f"{line}\n" for line in lines)


def _how_to_begin(address: str, code: str | None) -> tuple[str, ...]:
    if code is None:
        return (
            _("Then sign in as the manager. The page “Now” leads you to the first gate that opens:"),
            f"{address}/staff/sign-in",
        )
    return (
        _("The manager begins with this link: it works once, for three days."),
        f"{address}/staff/join?code={code}",
    )


def _ask(arguments: argparse.Namespace) -> _Answers:
    """Take every answer from an option, or ask for it at a terminal; the language is the first."""
    languages = {language.value: language.own_name for language in reversed(Language)}
    language = chosen_answer(
        arguments.language, "Language of the compound / 小区的语言", "--language", languages
    )
    if language_of(os.environ) is None:
        _.speak(Language(language))
    timezone = answer(
        arguments.timezone,
        _("Time zone of the compound, such as Asia/Shanghai"),
        "--timezone",
        no_timezone,
        proposed=machine_timezone(os.environ),
    )
    name = answer(arguments.name, _("Name of the compound"), "--name")
    public_url = public_url_of(arguments)
    root_key = answer(
        str(arguments.root_key or ""), _("File to write the root key to"), "--root-key", _no_new_file
    )
    passphrase = secret_answer(
        arguments.root_passphrase_file,
        _("Passphrase of the root key"),
        "--root-passphrase-file",
        SHORTEST_PASSPHRASE,
    )
    email = answer(arguments.manager_email, _("E-mail address of the manager"), "--manager-email", _no_email)
    password = None
    if not arguments.manager_link:
        password = secret_answer(
            arguments.manager_password_file,
            _("Password of the manager"),
            "--manager-password-file",
            SHORTEST_PASSWORD,
            _judge_of_passwords(email, name),
        )
    contact = optional_answer(
        arguments.security_contact,
        _("Security contact: mailto:NAME@PLACE, https://PAGE or tel:+NUMBER"),
        "--security-contact",
        _no_contact,
    )
    totp = first_line(arguments.manager_totp_file) if arguments.manager_totp_file else None
    return _Answers(
        language, timezone, name, public_url, contact, Path(root_key), passphrase, email, password, totp
    )


def _no_new_file(path: str) -> str | None:
    return _("%(file)s exists", file=path) if Path(path).exists() else None


def _no_contact(value: str) -> str | None:
    if why_not("security_contact", value) is None:
        return None
    return _("that is %(value)s; legal are mailto:NAME@PLACE, https://PAGE or tel:+NUMBER", value=repr(value))


def _no_email(value: str) -> str | None:
    before, _at, after = value.partition("@")
    good = before and after and "@" not in after and not any(char.isspace() for char in value)
    return None if good else _("%(address)s is not an e-mail address", address=repr(value))


def _judge_of_passwords(*known: str) -> Callable[[str], str | None]:
    def judge(password: str) -> str | None:
        try:
            check_password(password, known)
        except ActionRefused as err:
            return _(str(err))
        return None

    return judge


def _write_new(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    try:
        with naming(path):
            path.write_bytes(content)
    except OSError:
        path.unlink()
        raise


def _make_site(config: WebConfig, said: _Answers) -> tuple[bytes, str | None]:
    """Return the root key, and the code of the manager's link where no password was said."""
    code = None
    old_mask = os.umask(0o077)
    try:
        app = create_core(config, clock=clock)
        menjin: Menjin = app.extensions["menjin"]
        database = menjin.database
        schema.upgrade(database.engine)
        now = clock()
        with app.app_context(), database.session() as session:
            if the_site(session) is not None:
                raise CommandRefused(_("the database has a compound already: use a new one"))
            site, pem = create_site(
                session, sealer_of(config), said.name, said.timezone, said.language, said.passphrase, now
            )
            account = create_manager(session, said.email, said.password or secrets.token_urlsafe(), said.totp)
            append_audit(session, site.site_id, "site_created", {}, {}, now)
            if said.password is None:
                act = new_action(menjin, session, site.site_id, "operator", "system")
                code = invite_again(act, account.id)
        database.engine.dispose()
    except ActionRefused as err:
        raise CommandRefused(_(str(err))) from err
    finally:
        os.umask(old_mask)
    return pem, code

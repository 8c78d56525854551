"""Implementations of `menjin web` commands about forgetting: keys, hand-over, drill, retention, audit."""

import argparse
import os
import time

import msgspec

from gate_controller.command_line.command_names import server_command
from gate_controller.contract.anchor_file import NothingToVerify, read_ledger_anchor
from gate_controller.contract.journal_chain import ChainBroken, Facts
from web_admin import create_core
from web_admin.action.base import Action, checked_text, new_action, one_publication, publish, record
from web_admin.cli.answers import SHORTEST_PASSPHRASE, CommandRefused, backup_passphrase, clock, secret_answer
from web_admin.compound.keys import RootKeyWrong, open_root_key, replace_working_keys
from web_admin.compound.models import Site
from web_admin.compound.queries import every_site, locked_site
from web_admin.core.config import load_config
from web_admin.core.database import DatabaseSession, Menjin
from web_admin.core.named_faults import naming
from web_admin.core.sealing import SealBroken
from web_admin.custody.certificates import (
    NothingForgotten,
    certificate_statement,
    certified_ids,
    make_certificate,
)
from web_admin.custody.key_rotation import rotate_and_wait
from web_admin.face.actions import disable_face
from web_admin.face.endings import forget_everyone
from web_admin.journal.ledger import append_audit
from web_admin.operations import housekeeping
from web_admin.operations.audit_check import check_server_records, export_ledger
from web_admin.operations.backup import write_backup
from web_admin.operations.incident_drill import DrillRefused, DrillSetup, report, resume_face, run_drill
from web_admin.privacy import retention
from web_admin.visitors.actions import sign_passes_again

OPERATOR = "operator"


class CheckFailed(Exception):
    """A check found a fault; says the first."""


def _menjin(arguments: argparse.Namespace) -> Menjin:
    app = create_core(load_config(os.environ, arguments.data_dir), clock=clock)
    menjin: Menjin = app.extensions["menjin"]
    return menjin


def _the_site(session: DatabaseSession) -> Site:
    sites = every_site(session)
    if len(sites) != 1:
        raise CommandRefused(f"the database has {len(sites)} compounds, this command is for one")
    return sites[0]


def _act(menjin: Menjin, session: DatabaseSession, site: Site) -> Action:
    return new_action(menjin, session, site.site_id, OPERATOR, "system")


# -- keys ------------------------------------------------------------------------------------------


def rotate_keys(arguments: argparse.Namespace) -> str:
    """Change the wrapping key of face shares now, and with --working the site's signing keys."""
    menjin = _menjin(arguments)
    said = _rotate_working(menjin, arguments) if arguments.working else ""
    try:
        done = rotate_and_wait(menjin.database, menjin.sealer, clock)
    except SealBroken as err:
        raise CommandRefused(f"{err}; do the keys and the database of this server belong together?") from err
    if done.waits_for:
        raise CommandRefused(
            f"{said}The fresh wrapping key waits for {', '.join(done.waits_for)}: it is used once "
            f"'{server_command('run')}' there has taken it; '{server_command('machines')}' says how far it is"
        )
    with menjin.database.session() as session:
        site = _the_site(session)
        facts: Facts = {"key_id": done.key_id, "destroyed": len(done.destroyed_ids), "shares": done.shares}
        append_audit(session, site.site_id, "wrapping_key_changed", facts, {}, clock())
    return (
        f"{said}Wrapping key changed: {done.shares} shares re-sealed, "
        f"{len(done.destroyed_ids)} old keys destroyed.\n"
    )


def _rotate_working(menjin: Menjin, arguments: argparse.Namespace) -> str:
    if arguments.root_key is None:
        raise CommandRefused("--working needs --root-key FILE: only the root key makes keys that gates trust")
    passphrase = secret_answer(
        arguments.root_passphrase_file,
        "Passphrase of the root key",
        "--root-passphrase-file",
        SHORTEST_PASSPHRASE,
    )
    pem = arguments.root_key.read_bytes()
    try:
        with menjin.database.session() as session:
            site = locked_site(session, _the_site(session).site_id)
            act = _act(menjin, session, site)
            replace_working_keys(session, menjin.sealer, site, open_root_key(pem, passphrase, site), act.now)
            passes = sign_passes_again(act)
            record(act, "working_keys_changed", {"passes": passes})
            publish(act)
    except RootKeyWrong as err:
        raise CommandRefused(f"{arguments.root_key}: {err}") from err
    return (
        "Keys for policies, passes, orders and anchors changed. Gates refuse the old ones as soon as they "
        f"hear from this server. {passes} visitors' passes were signed again: their links go "
        "on, what was printed does not.\n"
        f"Move {arguments.root_key} away from this machine again.\n"
    )


# -- hand-over and incident drill -------------------------------------------------------------------


def hand_over(arguments: argparse.Namespace) -> str:
    """End every face, then write everything else to a sealed file for another company."""
    menjin = _menjin(arguments)
    if arguments.file.exists():
        raise CommandRefused(f"{arguments.file} exists; nothing was changed")
    passphrase = backup_passphrase(arguments)
    with menjin.database.session() as session:
        site = _the_site(session)
        act = _act(menjin, session, site)
        to, contact = checked_text("to", arguments.to), checked_text("contact", arguments.contact)
        with one_publication(act) as each:
            count = forget_everyone(each, "handed_over")
            disable_face(each)
            record(each, "site_handed_over", {"to": to, "contact": contact, "faces_ended": count})
    rotate_and_wait(menjin.database, menjin.sealer, clock)
    rows = write_backup(menjin.database, menjin.config, passphrase, arguments.file, clock())
    return (
        f"{count} faces ended; their certificates are on their owners' phone pages.\n"
        f"{arguments.file}: {rows} rows for {to}, no face and no share among them. Inform the residents who "
        "handles their data from now on.\n"
    )


def incident_drill(arguments: argparse.Namespace) -> str:
    """Stop face everywhere, change keys, see that the other ways are up."""
    menjin = _menjin(arguments)
    with menjin.database.session() as session:
        site = _the_site(session)
        site_id, language = site.site_id, arguments.language or site.language
    setup = DrillSetup(menjin.database, menjin.sealer, menjin.effects, site_id, OPERATOR, clock, time.sleep)
    if arguments.resume:
        return "Face is resumed.\n" if resume_face(setup) else "Face was not suspended.\n"
    try:
        drill, signed = run_drill(
            setup,
            for_real=arguments.for_real,
            reason=arguments.reason[:200],
            wait_seconds=arguments.wait_seconds,
        )
    except DrillRefused as err:
        raise CommandRefused(str(err)) from err
    text = msgspec.json.encode(signed).decode() + "\n" if arguments.json else report(drill, language)
    if not drill.ok:
        raise CheckFailed(text.rstrip("\n"))
    return text


def certificate(arguments: argparse.Namespace) -> str:
    """List every certificate with its state, or write one: who moved out has no phone page any more."""
    menjin = _menjin(arguments)
    with menjin.database.snapshot() as session:
        if arguments.consent is None:
            return "".join(_certificate_line(session, consent_id) for consent_id in certified_ids(session))
        try:
            made = make_certificate(session, menjin.sealer, arguments.consent, clock())
        except NothingForgotten as err:
            raise CommandRefused(str(err)) from err
    text = msgspec.json.format(msgspec.json.encode(made), indent=2)
    if arguments.file is None:
        return text.decode() + "\n"
    arguments.file.touch(mode=0o600, exist_ok=False)
    with naming(arguments.file):
        arguments.file.write_bytes(text)
    return f"{arguments.file}: {made.statement.state}. Check it with: menjin audit certificate FILE\n"


def _certificate_line(session: DatabaseSession, consent_id: str) -> str:
    statement = certificate_statement(session, consent_id, clock())
    still = f"  open: {' '.join(statement.open)}" if statement.open else ""
    return f"{consent_id}  person {statement.consent.person_id}  {statement.state}{still}\n"


# -- what is kept, and checking it -----------------------------------------------------------------


def keep_house(arguments: argparse.Namespace) -> str:
    """Do now what the server does every ten minutes, or count what it would do."""
    menjin = _menjin(arguments)
    done = retention.counts(menjin, clock()) if arguments.dry_run else housekeeping.run(menjin, clock())
    if arguments.json:
        return msgspec.json.encode(done).decode() + "\n"
    return "".join(f"{count:8d}  {name}\n" for name, count in done.items())


def audit_verify(arguments: argparse.Namespace) -> str:
    """Check the ledger, the consents against it, and the gates' journals that this server holds."""
    menjin = _menjin(arguments)
    try:
        anchor = read_ledger_anchor(arguments.anchor) if arguments.anchor else None
        with menjin.database.snapshot() as session:
            found = check_server_records(session, _the_site(session).site_id, anchor)
    except NothingToVerify as err:
        raise CommandRefused(str(err)) from err
    except ChainBroken as err:
        raise CheckFailed(f"BROKEN: {err}") from err
    text = (
        f"ok: {found.ledger_entries} entries of the ledger follow from each other, {found.erased} with "
        f"their personal part erased; {found.consents} consents are in it; {found.gate_entries} entries of "
        f"gates, and {found.quarantined} that were set aside and count for nothing\n"
    )
    if anchor is None:
        return f"{text}no anchor given: that the ledger was never rewritten is not shown\n"
    return f"{text}the anchor at entry {anchor.seq} holds: nothing up to it was changed\n"


def write_ledger(arguments: argparse.Namespace) -> str:
    """Write the ledger to a file that 'menjin audit verify --ledger' checks anywhere."""
    menjin = _menjin(arguments)
    with menjin.database.snapshot() as session:
        count = export_ledger(
            session,
            menjin.sealer,
            _the_site(session).site_id,
            arguments.file,
            with_personal=arguments.with_personal,
        )
    check = f"menjin audit verify --ledger {arguments.file}"
    return f"{arguments.file}: {count} entries. Check them with: {check}\n"

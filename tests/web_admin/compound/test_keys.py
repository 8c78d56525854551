"""Fresh working keys from the root: gates follow at their next question and refuse what the old ones sign."""

from datetime import timedelta

import pytest

from gate_controller.contract.messages import ORDER_DOMAIN, OpenOrder, SignedOrder, sign_struct
from gate_controller.contract.passes import CodeForged, check_site_code, parse_code
from gate_controller.contract.records import PolicyRefused
from gate_controller.contract.signing import SignatureRefused, public_bytes
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from tests.support.acting import manager
from web_admin.compound.keys import (
    RootKeyWrong,
    certificate,
    create_site,
    open_root_key,
    private_key,
    replace_working_keys,
)
from web_admin.compound.models import Site
from web_admin.policy.publish import publish_policy
from web_admin.visitors.actions import issue_pass, sign_passes_again
from web_admin.visitors.models import VisitorPassRow

PHRASE = "a long passphrase"


@pytest.fixture
def site_and_pem(database, sealer, now):
    with database.session() as session:
        site, pem = create_site(session, sealer, "Willow Court", "Asia/Shanghai", "en", PHRASE, now)
        return site.site_id, pem


@pytest.fixture
def site(site_and_pem):
    return site_and_pem[0]


@pytest.fixture
def store(database, north, site, tmp_path, now):
    with database.session() as session:
        root = session.get_one(Site, site).root_public_key
    made = PolicyStore(tmp_path / "policy.sqlite3", GateIdentity(site, "north", root), now)
    yield made
    made.close()


def rotate(database, sealer, site_and_pem, now):
    site_id, pem = site_and_pem
    with database.session() as session:
        row = session.get_one(Site, site_id)
        replace_working_keys(session, sealer, row, open_root_key(pem, PHRASE, row), now)


def publish(database, sealer, site, now):
    with database.session() as session:
        publish_policy(session, sealer, site, now)


def order_of(database, sealer, site, now):
    """Return an order as the server signs it now."""
    order = OpenOrder(
        order_id="order-1",
        site_id=site,
        gate_id="north",
        lane_id="north-in",
        issued_at=now,
        valid_seconds=10,
        author_id="guard",
        reason="courier",
    )
    with database.session() as session:
        body, signature = sign_struct(private_key(session, sealer, site, "order"), ORDER_DOMAIN, order)
        return SignedOrder(order=body, signature=signature, certificate=certificate(session, site, "order"))


def test_a_gate_follows_and_then_refuses_the_old_keys(
    database, sealer, site_and_pem, site, north, store, clock
):
    publish(database, sealer, site, clock.now)
    before = north.ask(clock.now)
    assert store.take(before.policy, before.change, clock.now) is not None
    store.trust("pass", before.pass_certificate)
    store.trust("anchor", before.anchor_certificate)
    old_order = order_of(database, sealer, site, clock.now)
    clock.now += timedelta(minutes=1)
    rotate(database, sealer, site_and_pem, clock.now)
    north.have = store.have
    after = north.ask(clock.now)
    assert after.policy.certificate != before.policy.certificate
    assert store.take(after.policy, after.change, clock.now) is None, "the same policy, signed again"
    assert store.trust("pass", after.pass_certificate) != store.trust("anchor", after.anchor_certificate)
    with pytest.raises(PolicyRefused, match="replaced by a newer one"):
        store.take(before.policy, None, clock.now)
    for role, old in (("pass", before.pass_certificate), ("anchor", before.anchor_certificate)):
        with pytest.raises(SignatureRefused, match="replaced by a newer one"):
            store.trust(role, old)
    new_order = order_of(database, sealer, site, clock.now)
    store.trust("order", new_order.certificate)
    with pytest.raises(SignatureRefused, match="replaced by a newer one"):
        store.trust("order", old_order.certificate)


def test_a_passes_link_goes_on_under_the_new_key_and_its_old_text_does_not(
    database, sealer, site_and_pem, site, north, clock
):
    with database.session() as session:
        row = issue_pass(
            manager(session, sealer, site, clock.now), issuer_person_id=None, label="Aunt", gate_numbers=[1]
        )
        pass_id, old_text = row.pass_id, row.text
    clock.now += timedelta(minutes=1)
    rotate(database, sealer, site_and_pem, clock.now)
    with database.session() as session:
        assert sign_passes_again(manager(session, sealer, site, clock.now)) == 1
        row = session.get_one(VisitorPassRow, pass_id)
        new_key = public_bytes(private_key(session, sealer, site, "pass"))
        check_site_code(parse_code(row.text), site, new_key)
        with pytest.raises(CodeForged):
            check_site_code(parse_code(old_text), site, new_key)


def test_another_passphrase_key_or_an_older_clock_changes_nothing(database, sealer, site_and_pem, site, now):
    site_id, pem = site_and_pem
    with database.session() as session:
        row = session.get_one(Site, site_id)
        before = certificate(session, site_id, "policy")
        with pytest.raises(RootKeyWrong, match="passphrase"):
            open_root_key(pem, "another phrase", row)
        _other, stranger = create_site(session, sealer, "Other", "Asia/Shanghai", "en", PHRASE, now)
        with pytest.raises(RootKeyWrong, match="not that of Willow Court"):
            open_root_key(stranger, PHRASE, row)
        root = open_root_key(pem, PHRASE, row)
        with pytest.raises(RootKeyWrong, match="clock"):
            replace_working_keys(session, sealer, row, root, now)
        assert certificate(session, site_id, "policy") == before

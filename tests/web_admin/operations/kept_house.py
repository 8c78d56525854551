"""A server that keeps house, and the people whose data it forgets."""

from tests.support.acting import by_phone, manager
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import give_face_consent
from web_admin.face.queries import newest_notice
from web_admin.operations import housekeeping


def consent(menjin, site_id, person_id, now):
    with menjin.database.session() as session:
        act = by_phone(manager(session, menjin.sealer, site_id, now), person_id)
        version = newest_notice(session, FACE_PURPOSE, "en").version
        return give_face_consent(act, person_id, version, "en").consent_id


def run(menjin, now):
    done = housekeeping.run(menjin, now)
    assert -1 not in done.values(), done
    return done

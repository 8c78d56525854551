"""A restore holds rows back until staff decide."""

from datetime import timedelta

from web_admin.compound.restore_models import RestoreReview, is_held


def test_only_what_staff_have_not_decided_is_held(database, site, now):
    def review(number, subject_id, decided_at):
        return RestoreReview(
            review_id=str(number),
            site_id=site,
            kind="credential",
            subject_id=subject_id,
            before={},
            after={},
            found_at=now,
            decided_at=decided_at,
        )

    later = now + timedelta(hours=1)
    with database.session() as session:
        session.add_all([review(1, "open", None), review(2, "done", later)])
        session.add_all([review(3, "again", later), review(4, "again", None)])
        session.flush()
        assert [is_held(session, "credential", one) for one in ("open", "done", "again", "other")] == [
            True,
            False,
            True,
            False,
        ]
        assert not is_held(session, "person", "open"), "of another kind"

"""Write the impact assessment of face in the demo with one account and approve it with another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from web_admin.action.base import Action
from web_admin.compound.models import Lane
from web_admin.face.actions import enable_face
from web_admin.face.assessments import AssessmentText, approve_assessment, draft_assessment, submit_assessment
from web_admin.gates.actions import save_lane
from web_admin.gates.rules import spec_of

TEXTS = {
    "lawful": "物业不得以人脸为唯一通行方式。人脸仅供自愿者在北门使用，随时可撤回。 "
    "Face is an extra that residents ask for; each has agreed on their own, and the card stays.",
    "rights": "拒绝者在相同时间走相同的门。 A person who refuses passes the same gates at the same hours; "
    "a test walks random histories and finds no difference.",
    "risks": "闸机被盗；照片攻击。 A stolen gate holds sealed templates without their shares; a picture "
    "shown to the camera meets the liveness check; a live compromised gate could read what is in its memory.",
    "measures": "模板只在闸机内加密保存，另一半密钥在服务器，断网七十二小时后失效。 Split custody, leases of "
    "at most 72 hours, frames only in memory, receipts that a face is gone.",
    "alternatives": "门卡、密码、二维码。 Card, PIN and QR code; face is wanted by residents with full hands "
    "and by some with a wheelchair, and is offered beside them, never instead.",
    "consultation": "业主委员会 2026 年 2 月会议。 The residents' committee, February 2026: no objection as "
    "long as it stays a choice.",
    "conditions": "",
}
REVIEW_AFTER = timedelta(days=180)


def offer_face(act: Action, methods: Mapping[str, Sequence[str]]) -> None:
    """Assess face for every lane whose methods name it, switch it on and offer it there."""
    lanes = tuple(lane_id for lane_id, offered in methods.items() if "face" in offered)
    author = replace(act, actor_id="demo-privacy-officer")
    text = AssessmentText(TEXTS, lanes, review_due=(act.now + REVIEW_AFTER).date())
    row = draft_assessment(author, None, text)
    submit_assessment(author, row.assessment_id)
    approve_assessment(replace(act, actor_id="demo-manager"), row.assessment_id)
    enable_face(act)
    for lane_id in lanes:
        lane = act.session.get_one(Lane, lane_id)
        save_lane(act, lane.gate_id, replace(spec_of(lane), methods=tuple(methods[lane_id])))

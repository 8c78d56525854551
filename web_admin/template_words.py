"""Give templates the words of every subject under one name: `words.METHODS`."""

from types import SimpleNamespace

from web_admin.accounts.texts import ROLES
from web_admin.core.texts import DAYS, LANGUAGES
from web_admin.credentials.texts import CREDENTIAL_STATES, METHODS
from web_admin.events.texts import EVENTS, SET_ASIDE
from web_admin.gates.texts import (
    ANTIPASSBACKS,
    DIRECTIONS,
    DOORS,
    GATE_STATES,
    GATE_STATUS,
    HEALTHS,
    POSTURES,
)
from web_admin.people.texts import (
    AFTER_BULK_ACT,
    AGE_BANDS,
    BULK_ACTS,
    KINDS_OF_PERSON,
    PRINT_RUNS,
    RUN_STATES,
    WHY_LEFT_OUT,
)
from web_admin.privacy.texts import OUTCOMES, REQUESTS, SUBJECTS
from web_admin.updates.texts import ROLLOUT_STATES, STAGES, STEPS
from web_admin.visitors.texts import PASS_STATES

WORDS = SimpleNamespace(
    METHODS=METHODS,
    POSTURES=POSTURES,
    DOORS=DOORS,
    DIRECTIONS=DIRECTIONS,
    ANTIPASSBACKS=ANTIPASSBACKS,
    GATE_STATES=GATE_STATES,
    GATE_STATUS=GATE_STATUS,
    CREDENTIAL_STATES=CREDENTIAL_STATES,
    PASS_STATES=PASS_STATES,
    KINDS_OF_PERSON=KINDS_OF_PERSON,
    REQUESTS=REQUESTS,
    SUBJECTS=SUBJECTS,
    OUTCOMES=OUTCOMES,
    AGE_BANDS=AGE_BANDS,
    LANGUAGES=LANGUAGES,
    DAYS=DAYS,
    ROLES=ROLES,
    EVENTS=EVENTS,
    SET_ASIDE=SET_ASIDE,
    UPDATE_STEPS=STEPS,
    ROLLOUT_STATES=ROLLOUT_STATES,
    ROLLOUT_STAGES=STAGES,
    PRINT_RUNS=PRINT_RUNS,
    RUN_STATES=RUN_STATES,
    HEALTHS=HEALTHS,
    BULK_ACTS=BULK_ACTS,
    WHY_LEFT_OUT=WHY_LEFT_OUT,
    AFTER_BULK_ACT=AFTER_BULK_ACT,
)

"""Public figures of a compound that has been open since spring."""

CONTACT = {
    "responsible_name": "秦女士",
    "responsible_contact": "021-5555 0101",
    "channels_zh": "监管局 12315",
    "channels_en": "The regulator, 12315",
}
REPORT = {"period": "2026-01-01", "approved_by": "业委会", "voice": "北门早上太慢。", "plan": ""}

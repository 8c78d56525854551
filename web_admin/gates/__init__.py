"""Keep gates, lanes, hours, schedules, lane sheets, pairing and orders; imports people and below."""

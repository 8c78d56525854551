"""Enrol and match in one face session and keep templates; imports engines and liveness."""

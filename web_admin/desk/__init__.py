"""Serve a resident at the reception desk and suspend a lost card; imports people and below."""

"""Load face engines and their models; imports no other part of face."""

"""Work out who may pass which lane when, and what an act changes. Pure; imports the gate's rules alone."""

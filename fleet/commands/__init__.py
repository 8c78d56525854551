"""Do the commands of `menjin fleet`, one file a subject; each first says what. Imports all below."""

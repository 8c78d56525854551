"""Do the commands of `menjin fleet`, one file a subject; each says first what it would do."""

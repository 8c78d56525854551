"""Keep the state of one lane and watch its devices; imports rules, storage and the screen's view."""

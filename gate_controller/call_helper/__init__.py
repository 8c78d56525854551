"""A process of its own that gives a gate without a screen the sound and picture of calls.

It does the work of a screen's page (`terminal/static/call_sound.js`), and exchanges the same messages with
the gate, a line each: `SoundShown` or null comes in, `SoundSaid` goes out. It begins with a call and ends
with it. It imports no rules and no storage, has no keys, never opens a lock, and writes nothing to a disk.
"""

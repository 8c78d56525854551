"""Drive readers, cameras, relay boards and contacts behind one set of interfaces; imports nothing above."""

"""Start the simulated devices and the processes of the demo; imports the world and the actors."""

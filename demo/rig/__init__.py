"""Start the simulated devices and the processes of the demo."""

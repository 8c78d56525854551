"""The gate's own screen: shows the controller's view, and reports what a person does."""

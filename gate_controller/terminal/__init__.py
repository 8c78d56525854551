"""The gate's own screen: shows what the controller says, hands up what a person does."""

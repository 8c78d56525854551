"""Hold back what a restored backup would newly allow until staff decide; imports the policy and below."""

"""Send what leaves the server: outbox, mail, webhooks, subscriptions; imports actions and below."""

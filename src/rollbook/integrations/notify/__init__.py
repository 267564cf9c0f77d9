"""Notifications: the audit trail's events, sent to those that the policy names, each once it is recorded."""

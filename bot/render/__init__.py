"""Renderers: a neutral card as Adaptive Card (Teams), Block Kit (Slack), HTML (console, mail) and plain text."""

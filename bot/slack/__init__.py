"""Slack: payloads to requests, cards to Block Kit messages. The only place that knows slack_bolt and slack_sdk."""

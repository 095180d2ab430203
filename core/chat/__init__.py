"""Chat as the desk knows it, whatever carries it: who talks, where, what was said, and what is still to be shown.

Words: a *surface* is Teams, Slack or the web console; an *account* is a person there; a *conversation* a place there;
a *chat arrival* is something that happened in chat, kept before it is acknowledged; a *posted card* shows a view and is
redrawn when one of its tickets changes; a *chat delivery* is something still to be sent.
"""

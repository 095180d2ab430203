"""Teams: activities of the Bot Framework come in, cards go out through its connector. Its library stays in here.

Words: an *activity* is what the Bot Framework calls anything that happens; an *invoke* is one that waits for its answer
(a pressed button, a dialog, a search); a *dialog* is a card in a window of its own; the *message extension* is what the
desk offers on other people's messages and in the search above the chats; the *connector* is the far end we post to.
"""

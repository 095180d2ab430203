"""The web console: the same chat and cards in the browser, server-rendered, live, without a build step.

A surface like the others: what is typed and pressed is an arrival, answers leave through the chat deliveries, and
`channel.py` writes them into the transcript. Its own rules: a page asks the queries and use cases that all use, as its
reader; a stream says that something changed, never what; nothing is inline, nothing comes from elsewhere.
"""

"""The web console: the same chat and cards in the browser, server-rendered."""

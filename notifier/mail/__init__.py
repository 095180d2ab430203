"""Mail out: who is written to and what, and handing it to the next server."""

"""The SMTP and LMTP listener (RFC 5321, 2033): takes mails in and answers 250 only when the acceptor has kept them.

Words: a *session* is one connection, the *acceptor* decides what becomes of a mail, the *recipient policy* says which
addresses are ours.
"""

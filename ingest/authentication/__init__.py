"""Sender authentication: is the domain in a mail's From proven? (RFC 7208, 6376, 7489, 8617, 8601)

`authenticate` checks a mail that came over SMTP by DNS, `read_authentication_results` believes what the mailbox's own
provider wrote into the header. Both answer with one `AuthenticationVerdict`.
"""

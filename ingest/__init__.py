"""Mail in: listeners (SMTP, LMTP, IMAP, pipe), parsing, the decision what a mail is, and the intake that commits it."""

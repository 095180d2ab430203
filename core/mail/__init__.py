"""Mail as the product keeps it: raw mails and their receipts, mailboxes, outgoing mails, reply tokens.

Words: a *raw mail* is the message as it arrived, kept before anything else; its *receipt* tells what became of it and
why; a *mailbox* is an IMAP account that is fetched; an *outgoing mail* waits for the smarthost; a *reply token* is our
signed mark by which an answer finds its ticket.
"""

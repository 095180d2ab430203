"""IMAP, a way in: mailboxes are read, never changed; how far is kept as a UID cursor of each folder.

Words: a *session* is one logged-in connection; a *poller* reads one mailbox for as long as it is claimed; a *cursor*
is the last UID that is committed, under the folder's UIDVALIDITY (RFC 3501, 2.3.1.1). No flag is believed.
"""

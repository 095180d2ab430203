"""Tickets, their messages and attachments.

Words: a *ticket* is one matter of one customer, told by its *number*; a *message* on it is a *public* reply, an
internal *note* or a *system* remark; the *requester* and the people in copy *take part* in it; a *merged* ticket points
to the one that lives on.
"""

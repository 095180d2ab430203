"""HTTP: routes that say what they take, give and demand, and everything derived from that.

Words: a *route* is one method on one path; a *call* is a request whose parts are parsed and whose actor is known; a
*reply* is what a route answers; a *resource* is `{id, type, attributes, relationships}` in the envelope of the API.
"""

"""Users, their roles and permissions, passwords and access tokens.

Words: a *user* logs in; a *role* is one of thirteen; a *permission* is what a role grants; a *contact* (customers) does
not log in.
"""

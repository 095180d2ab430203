"""Customers (the MSP's clients), their mail domains and their contacts.

Words: a *customer* is a company; a *contact* is a person there who writes mails; the *triage customer* takes in senders
nobody knows yet; a *verified domain* lets a new sender be recognised as a customer's.
"""

"""The ground the product stands on: PostgreSQL, one unit of work per use case.

Words: a *unit of work* is one transaction with its actor and its instant; what it *inserts*, *audits* and *records* is
written in one statement when it commits.
"""

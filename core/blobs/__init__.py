"""Blobs: raw mails and attachments, kept by the SHA-256 of their content in a folder or an S3 bucket.

Words: a *blob* is an immutable run of bytes; its *key* is the hex SHA-256 of them; its *age* counts from the last put;
an *orphan* is a blob that no row refers to any more, or never did because its transaction was rolled back.
"""

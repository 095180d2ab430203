"""How much of a mail is taken apart. What exceeds a limit is kept raw and reported, never lost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParsingLimits:
    """Bounds on the work one mail may cause, whatever its sender makes of it."""

    max_nesting: int = 30
    """Multiparts within multiparts; a deeper part becomes an attachment with its raw content."""
    max_parts: int = 1_000
    """Parts of one mail; the rest becomes one attachment with its raw content."""
    max_header_bytes: int = 1_048_576
    """One header block; what lies beyond it becomes an attachment."""
    max_header_fields: int = 2_000
    """Fields of one header block that are decoded; the block stays whole in the raw mail."""
    max_addresses: int = 5_000
    """Addresses read from the fields of one name."""
    max_identifier_bytes: int = 998
    """A longer address or message id is none: it would fit into no line (RFC 5322 section 2.1.1), and no index."""
    max_text_chars: int = 5_000_000
    """Characters of body text that are read; a longer text is also kept whole as an attachment."""
    max_folded_chars: int = 1_000_000
    """A longer text is not searched for quotes and signatures: all of it is new text."""


DEFAULT_LIMITS = ParsingLimits()

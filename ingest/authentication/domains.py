"""Domain names: their ASCII form, their organisational domain, and alignment (RFC 7489 section 3)."""

from __future__ import annotations

from importlib.resources import files


def find_ascii_domain(text: str) -> str | None:
    """The name in lower-case ASCII (IDNA) without a final dot; None for what cannot be a domain name."""
    name = text.strip().rstrip(".").lower()
    if not name or len(name) > 253:
        return None
    try:
        ascii_name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    labels = ascii_name.split(".")
    if len(ascii_name) > 253 or not all(0 < len(label) < 64 for label in labels):
        return None
    if not all(character.isalnum() or character in "-_." for character in ascii_name):
        return None
    return ascii_name


class PublicSuffixes:
    """The rules of a public suffix list (https://publicsuffix.org/list/): which names anybody may register beneath."""

    def __init__(self, lines: list[str]) -> None:
        words = (line.split()[0] for line in lines if line.strip() and not line.startswith("//"))
        self._rules = frozenset(word if word.isascii() else word.encode("idna").decode("ascii") for word in words)

    @classmethod
    def load(cls) -> PublicSuffixes:
        """The list that comes with the authheaders package."""
        text = files("authheaders").joinpath("public_suffix_list.txt").read_text(encoding="utf-8")
        return cls(text.splitlines())

    def get_organisational_domain(self, domain: str) -> str:
        """The registrable name that `domain` (ASCII, lower case) belongs to; a public suffix is its own."""
        labels = domain.split(".")
        suffix_length = next(
            (length for start in range(len(labels)) if (length := self._match_length(labels[start:]))), 1
        )
        return ".".join(labels[-suffix_length - 1 :])

    def is_aligned(self, proven: str, claimed: str, *, strict: bool = False) -> bool:
        """Whether a proof for `proven` is one for `claimed`: the same name, or when relaxed the same organisation."""
        if strict or proven == claimed:
            return proven == claimed
        return self.get_organisational_domain(proven) == self.get_organisational_domain(claimed)

    def _match_length(self, labels: list[str]) -> int:
        """How many labels of this name's end are a public suffix by a rule for exactly this name; 0 without a rule."""
        name = ".".join(labels)
        if f"!{name}" in self._rules:
            return len(labels) - 1
        wildcard = ".".join(["*", *labels[1:]])
        return len(labels) if name in self._rules or wildcard in self._rules else 0

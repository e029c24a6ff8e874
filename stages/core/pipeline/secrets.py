"""Passwords and tokens in addresses, masked before anything is printed, logged or sent to a store."""

import re

MASK = "***"
# the user part of an address, up to its last "@", as passwords may hold "@"
USER = re.compile(r"(?<=://)[^/\s'\"<>?#]+(?=@)")
# a value such as ?token=… that a link was signed with
QUERY = re.compile(
    r"([?&;][\w.%-]*(?:token|passw|pwd|secret|key|sig|credential|auth)[\w.%-]*=)[^&;\s'\"<>#]+", re.IGNORECASE
)


def masked(text: str) -> str:
    """Return the text with what grants access in its addresses replaced.

    >>> masked("http://bob:secret@example.org/a?token=abc&page=2")
    'http://***@example.org/a?token=***&page=2'
    """
    return QUERY.sub(rf"\1{MASK}", USER.sub(MASK, text))

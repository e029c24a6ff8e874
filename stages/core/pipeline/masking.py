"""Secrets in addresses, kept out of what is printed or logged."""

import re

USER_INFO = re.compile(r"(?<=://)[^\s/?#@]+@")
QUERY = re.compile(r"(://[^\s?#]*)\?[^\s#;]+")  # signatures and tokens of storage services


def without_secrets(text: str) -> str:
    """Return a text with the user names, passwords and queries of its URLs left out.

    >>> without_secrets("not from https://bob:secret@example.org/a.txt?token=1 today")
    'not from https://example.org/a.txt?… today'
    """
    return QUERY.sub(r"\1?…", USER_INFO.sub("", text))

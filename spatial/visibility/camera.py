"""What is said of a camera besides its place: its GB/T 28181 id and its stream."""

import re
from urllib.parse import parse_qsl, urlsplit

from spatial.errors import Invalid

SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "srt", "webrtc", "gb28181")
_SECRET = re.compile(r"pass|pwd|token|secret|key|auth|sign|credential|user", re.IGNORECASE)
# types 131, 132: camera, network camera; 111 to 130: recorders and other front-end devices
_TYPES = range(111, 200)


def gb28181(code: str) -> str:
    """An id by GB/T 28181 (annex D): 20 digits: 8 of the centre (its first two a province), 2 of
    the trade, 3 of the type of device, 1 of the network, 6 of the device; raises Invalid.
    """
    code = code.strip()
    if not re.fullmatch(r"[0-9]{20}", code):
        raise Invalid(f"a GB/T 28181 id has 20 digits, not '{code[:40]}'")
    if not 11 <= int(code[:2]) <= 82:
        raise Invalid(f"a GB/T 28181 id begins with a province's code, not {code[:2]}")
    if int(code[10:13]) not in _TYPES:
        raise Invalid(
            f"digits 11 to 13 of a camera's GB/T 28181 id are its type, not {code[10:13]}"
        )
    return code


def stream(link: str) -> str:
    """The address of a stream; raises Invalid for what is none and for one with credentials."""
    parts = urlsplit(link.strip())
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise Invalid(f"a stream's address begins with {', '.join(SCHEMES)}, and names a host")
    secret = parts.username is not None or parts.password is not None
    if secret or any(_SECRET.search(name) for name, _ in parse_qsl(parts.query, True)):
        raise Invalid("a stream's address holds no credentials: let the player ask for them")
    return link.strip()

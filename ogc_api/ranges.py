"""A part of a body by its bytes (RFC 9110, section 14), as GDAL reads files over HTTP."""

import re

from starlette.requests import Request
from starlette.responses import Response

_RANGE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?")


def ranged(request: Request, whole: Response) -> Response:
    """The one range of bytes that a request wants; all of it for whoever asks otherwise.

    Tags are weak, so that what If-Range names is never known to be the same.
    """
    if whole.status_code != 200:
        return whole
    whole.headers["Accept-Ranges"] = "bytes"
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None or "if-range" in request.headers or wanted[1] is wanted[2] is None:
        return whole
    size = len(whole.body)
    if wanted[1] is None:
        first, last = max(size - int(wanted[2]), 0), size - 1
    else:
        first, last = int(wanted[1]), min(int(wanted[2] or size - 1), size - 1)
        if wanted[2] is not None and int(wanted[2]) < first:
            return whole
    headers = {name: text for name, text in whole.headers.items() if name != "content-length"}
    if first > last:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Response(bytes(whole.body[first : last + 1]), 206, headers)

"""A body sent in pieces."""

from collections.abc import Callable, Iterator, Mapping

from anyio import CancelScope
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class Pieces(StreamingResponse):
    """What the pieces are read from is let go of however the sending ends."""

    def __init__(
        self, body: Iterator[bytes], close: Callable[[], object], headers: Mapping[str, str]
    ) -> None:
        super().__init__(body, headers=headers)
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, then close, also where the reader has gone."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(self._close)

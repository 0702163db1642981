"""Headers that every answer carries: what a browser may do with it, whatever it is, and whoever asks for it.

A route that knows better says so itself: what stands in its answer is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NO_FEATURES = (
    "accelerometer", "autoplay", "camera", "display-capture", "fullscreen", "geolocation", "gyroscope",
    "magnetometer", "microphone", "midi", "payment", "usb", "xr-spatial-tracking",
)  # fmt: skip
EVERYWHERE: dict[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _NO_FEATURES),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
"""What an answer says that says nothing else: it is data, and no page."""
BY_HTTPS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
"""A year; said only where people come by https, since a browser that heard it never comes otherwise again."""


_FURTHER = "milepost.further_headers"


def say_besides(scope: Scope, headers: Mapping[str, str]) -> None:
    """Have the answer to this request carry these as well, whoever makes it in the end."""
    scope.get(_FURTHER, {}).update(headers)


class Shielding:
    """Adds to each answer the headers that it lacks."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        """``secure``: people come by https."""
        self._app = app
        headers = EVERYWHERE | (BY_HTTPS if secure else {})
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; only the beginning of an answer is touched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        further: dict[str, str] = {}
        scope[_FURTHER] = further

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                missing = [header for header in self._headers if header[0] not in said]
                besides = [(name.lower().encode(), value.encode()) for name, value in further.items()]
                message = {**message, "headers": [*message["headers"], *missing, *besides]}
            await send(message)

        await self._app(scope, receive, sent)

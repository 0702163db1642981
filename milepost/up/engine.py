"""One embedded server under watch: started again when it ended, and when it runs but has lost its data."""

from milepost.embedded import EmbeddedError, NatsServer, PostgresServer

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 5.0


class Tended:
    """Keeps one server up, however long what stops it lasts."""

    def __init__(self, server: NatsServer | PostgresServer) -> None:
        self.server = server
        self._delay_seconds = FIRST_DELAY_SECONDS
        self._again_at = 0.0

    def tend(self, now: float) -> list[str]:
        """Start the server again where that is needed; the answer says what there is to tell."""
        words: list[str] = []
        name = type(self.server).__name__
        if isinstance(self.server, NatsServer) and (trouble := self.server.trouble()):
            words.append(f"{name}: {trouble}, stopping it")
            self.server.stop()
        if self.server.running or now < self._again_at:
            return words
        words.append(f"{name} ended, starting it again; see {self.server.log}")
        return words + self._start(now)

    def _start(self, now: float) -> list[str]:
        try:
            self.server.start()
        except EmbeddedError as error:
            self._again_at = now + self._delay_seconds
            self._delay_seconds = min(2 * self._delay_seconds, LONGEST_DELAY_SECONDS)
            return [f"{error}", f"Trying again in {self._again_at - now:.1f} s"]
        self._delay_seconds = FIRST_DELAY_SECONDS
        return []

"""What a child says while it runs: frames on its socket, as text becomes known."""

import io
import socket
import time

from agents.aider.protocol import OutputStream, encode

CHUNK = 16 * 1024
EVERY_SECONDS = 0.03


class Voice:
    """The child's side of the run channel. Speaks at once, or at most every 30 ms for streams.

    `hide` maps strings that must not be shown (the token, the folder) to what stands for them.
    Text past `output_bytes` is dropped, with one line that says so.
    """

    def __init__(self, channel: socket.socket, *, output_bytes: int, hide: dict[str, str]) -> None:
        self._channel = channel
        self._left = output_bytes
        self._hide = {secret: shown for secret, shown in hide.items() if secret}
        self._pending: list[str] = []
        self._stream: OutputStream = "log"
        self._last = 0.0

    def send(self, **message: object) -> None:
        """Send one frame, after the text that came before it."""
        self.flush()
        self._channel.sendall(encode(message))

    def say(self, stream: OutputStream, text: str) -> None:
        """Pass on text of one stream; a pause of 30 ms or a change of stream sends it."""
        if stream != self._stream:
            self.flush()
            self._stream = stream
        if text:
            self._pending.append(text)
        if time.monotonic() - self._last >= EVERY_SECONDS:
            self.flush()

    def hidden(self, text: str) -> str:
        """Return `text` with what must not be shown replaced."""
        for secret, shown in self._hide.items():
            text = text.replace(secret, shown)
        return text

    def flush(self) -> None:
        """Send what was held back."""
        if not self._pending:
            return
        text = "".join(self._pending)
        self._pending.clear()
        self._last = time.monotonic()
        text = self.hidden(text)
        for start in range(0, len(text), CHUNK):
            self._send_text(text[start : start + CHUNK])

    def _send_text(self, text: str) -> None:
        if self._left <= 0:
            return
        self._left -= len(text.encode(errors="surrogatepass"))
        self._channel.sendall(encode({"t": self._stream, "text": text}))
        if self._left <= 0:
            self._channel.sendall(encode({"t": "log", "text": "\n(the rest is not shown)\n"}))


class VoiceFile(io.TextIOBase):
    """A text file whose writes go to one stream of a `Voice`; stands in for stdout and stderr."""

    encoding = "utf-8"

    def __init__(self, voice: Voice, stream: OutputStream) -> None:
        super().__init__()
        self._voice = voice
        self._stream: OutputStream = stream

    def writable(self) -> bool:
        """Say yes: text files ask."""
        return True

    def write(self, text: str) -> int:
        """Pass `text` on."""
        self._voice.say(self._stream, text)
        return len(text)

"""Name what goes wrong with a call, in a word for programs and a sentence for people."""

from __future__ import annotations

from agents.gateway.keys import Scrubber
from agents.gateway.protocol import Failure

LONGEST_SENTENCE = 400

SENTENCES: dict[Failure, str] = {
    "unreachable": "the provider could not be reached",
    "unauthorized": "the provider did not accept the key",
    "not_found": "the provider does not know the model or the address",
    "rate_limited": "the provider refused more calls for now",
    "overloaded": "the provider had a failure of its own",
    "timeout": "the provider did not answer in time",
    "malformed": "the provider's answer was not a model's reply",
    "cut_off": "reply cut off: the provider closed the connection before the end",
    "reply_too_long": "reply cut off: the model reached its length limit",
    "filtered": "the provider's content filter stopped the reply",
    "empty": "the reply was empty",
    "context_too_long": "the prompt was too long for the model",
    "refused": "the provider refused the request",
    "over_allowance": "the allowance of model calls was used up",
}


class CallFailed(Exception):  # noqa: N818 - says what happened
    """A call that did not give a complete reply.

    `sentence` is for people. `retry_after` is how many seconds the provider asks to wait, where it
    says so; `is_transient` tells whether another try may do better.
    """

    def __init__(
        self,
        failure: Failure,
        sentence: str = "",
        *,
        status: int | None = None,
        is_transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        self.failure: Failure = failure
        self.sentence = sentence or SENTENCES[failure]
        self.status = status
        self.is_transient = is_transient
        self.retry_after = retry_after
        self.tries = 1
        super().__init__(self.sentence)

    def clean(self, scrubber: Scrubber) -> None:
        """Make the sentence fit to be shown: no keys, not long, and how often it was tried."""
        self.sentence = scrubber.clean(self.sentence)
        if len(self.sentence) > LONGEST_SENTENCE:
            self.sentence = self.sentence[:LONGEST_SENTENCE] + "…"
        if self.tries > 1:
            self.sentence += f" ({self.tries} tries)"


def with_detail(failure: Failure, detail: str) -> str:
    """Return the failure's sentence, followed by what the provider said about it, if anything.

    Not shortened here: keys are looked for first, and half of one would not be found.
    """
    detail = " ".join("".join(c if c.isprintable() else " " for c in detail).split())
    return f"{SENTENCES[failure]}: {detail}" if detail else SENTENCES[failure]

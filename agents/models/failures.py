"""Why a run failed, in a word for programs; the first names are those of the gateway."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Failure(models.TextChoices):
    """What went wrong with a run. Codes are stable: they stand in rows, events and the API."""

    UNREACHABLE = "unreachable", _("provider out of reach")
    UNAUTHORIZED = "unauthorized", _("key not accepted")
    NOT_FOUND = "not_found", _("model unknown to the provider")
    RATE_LIMITED = "rate_limited", _("too many calls for the provider")
    OVERLOADED = "overloaded", _("failure at the provider")
    TIMEOUT = "timeout", _("no answer in time")
    MALFORMED = "malformed", _("not a model's reply")
    CUT_OFF = "cut_off", _("reply cut off")
    REPLY_TOO_LONG = "reply_too_long", _("reply longer than the model may write")
    FILTERED = "filtered", _("stopped by the provider's filter")
    EMPTY = "empty", _("empty reply")
    CONTEXT_TOO_LONG = "context_too_long", _("prompt too long for the model")
    REFUSED = "refused", _("refused by the provider")
    OVER_ALLOWANCE = "over_allowance", _("more calls than a run may make")
    NOT_CONFIGURED = "not_configured", _("model not set up here")
    BREAKER_OPEN = "breaker_open", _("provider down: not asked")
    OVER_BUDGET = "over_budget", _("over budget")
    EDITS_UNMATCHED = "edits_unmatched", _("edits that do not match the files")
    MALFORMED_REPLY = "malformed_reply", _("edits in another format than asked for")
    NO_CALL = "no_call", _("the model was not asked")
    RUN_TIMED_OUT = "run_timed_out", _("the run took too long")
    ENGINE_DIED = "engine_died", _("engine ended")
    ENGINE_UNAVAILABLE = "engine_unavailable", _("engine not available")
    GATEWAY_LOST = "gateway_lost", _("gateway ended")
    WORKER_LOST = "worker_lost", _("worker lost")
    FILES_REFUSED = "files_refused", _("files could not be copied or landed")
    UNEXPECTED = "unexpected", _("unexpected error")


ILL = frozenset(
    {
        Failure.UNREACHABLE,
        Failure.RATE_LIMITED,
        Failure.OVERLOADED,
        Failure.TIMEOUT,
        Failure.MALFORMED,
        Failure.CUT_OFF,
    }
)
"""What says that the provider is ill, whoever asks it; the others are about one request."""

HEALING = ILL | {Failure.ENGINE_UNAVAILABLE, Failure.GATEWAY_LOST, Failure.FILES_REFUSED}
"""What passes without the agent: a provider or this installation is ill. Trying goes on."""

UNTIL_CONFIGURED = frozenset({Failure.UNAUTHORIZED, Failure.NOT_FOUND, Failure.NOT_CONFIGURED})
"""What another try cannot mend, only another model or key."""

UNTIL_INPUTS_CHANGE = frozenset({Failure.CONTEXT_TOO_LONG})
"""What another try with the same files cannot mend."""

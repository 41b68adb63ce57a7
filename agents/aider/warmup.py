"""Load Aider and LiteLLM, keep them off the network and off threads, and run them until warm.

What a run touches for the first time costs it tens of milliseconds; here it is touched before the
first fork.
"""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from types import ModuleType
from typing import Any

import httpx
import litellm
import litellm.litellm_core_utils.thread_pool_executor
import litellm.litellm_core_utils.token_counter
import litellm.utils
from aider import __version__, models
from aider.coders import base_coder, editblock_coder
from litellm.llms.custom_httpx import http_handler
from litellm.llms.custom_httpx.http_handler import HTTPHandler

from agents.aider.canned import canned_reply
from agents.aider.protocol import Family
from agents.aider.rehearsal import rehearse, rehearse_once

RETRY_SECONDS = 0.3
MOST_COMPARISONS = 200_000


class NoExecutor(Executor):
    """An executor that starts no thread and drops what it is given: LiteLLM's logging."""

    def submit(self, *_args: Any, **_options: Any) -> Future[Any]:
        """Return a future that is done."""
        future: Future[Any] = Future()
        future.set_result(None)
        return future


class LoopbackHandler(HTTPHandler):
    """LiteLLM's own HTTP client, on the one connection pool that is kept for the forks.

    Families that do not go through OpenAI's package make one for each timeout, and load the
    system's certificates for it, which takes longer than the run.
    """

    def __init__(self, *_arguments: Any, **_options: Any) -> None:
        """Make nothing: there is no state but the shared client."""

    @property
    def client(self) -> Any:  # type: ignore[override]  # read-only
        """The client of the moment."""
        return litellm.client_session

    def close(self) -> None:
        """Close nothing, also when this is thrown away: others use the client as well."""


def warm_up(families: Sequence[Family]) -> str:
    """Make this process ready to be forked for models of these families; return Aider's version.

    Raises EngineUnavailable when the installed Aider does not do what this package relies on.
    """
    keep_still()
    _bound_the_search_for_near_misses()
    for module in (base_coder, models):
        setattr(module, "RETRY_TIMEOUT", RETRY_SECONDS)  # noqa: B010 - both imported it by value
    rehearse(families)
    _forget_clients()
    return str(__version__)


def keep_still() -> None:
    """Keep this process off threads, off the network and off slow ways to count."""
    _stop_threads()
    _stop_network()
    _count_cheaply()


def limber_up(families: Sequence[Family]) -> None:
    """Do the work of a run once, without a network, in a fork that waits for its run.

    Memory is shared with the engine until it is touched, and touching it for the first time takes
    half as long again as the work itself: better now than while someone waits.
    """
    litellm.client_session = httpx.Client(transport=httpx.MockTransport(canned_reply))
    try:
        # The memory that the families share is most of it; a second one would make runs wait.
        for family in families[:1]:
            rehearse_once("http://127.0.0.1:1", family, "diff", stream=True)
    finally:
        _forget_clients()


def _stop_threads() -> None:
    """Replace LiteLLM's thread pools wherever a module holds one."""
    idle = NoExecutor()
    _replace(lambda value: isinstance(value, ThreadPoolExecutor), idle)
    setattr(litellm.utils, "executor", idle)  # noqa: B010 - it would be loaded on first use


def _stop_network() -> None:
    """Preset what Aider would fetch, and give LiteLLM an HTTP client that trusts no environment."""
    manager = models.model_info_manager
    manager._cache_loaded = True  # noqa: SLF001 - else it makes a folder in HOME
    manager.content = {"preset": {}}
    manager.openrouter_manager.get_model_info = lambda _model: {}
    manager.fetch_openrouter_model_info = lambda _model: {}
    litellm.client_session = _http_client()
    originals = {id(http_handler._get_httpx_client), id(http_handler.HTTPHandler)}  # noqa: SLF001
    _replace(lambda value: id(value) in originals, LoopbackHandler)
    litellm.telemetry = False
    litellm.num_retries = 0


def _http_client() -> httpx.Client:
    """Return a client for plain HTTP on loopback with no connection open yet, to be inherited."""
    return httpx.Client(trust_env=False, verify=False)  # noqa: S501 - loads no certificates


def _forget_clients() -> None:
    """Drop the clients of the rehearsal: their connections must not be shared by the forks."""
    litellm.in_memory_llm_clients_cache.cache_dict.clear()
    if litellm.client_session is not None:
        litellm.client_session.close()
    litellm.client_session = _http_client()


def _count_cheaply() -> None:
    """Count four characters as a token: the gateway meters, and real counting is quadratic."""
    counters: tuple[ModuleType, ...] = (
        litellm.litellm_core_utils.token_counter,
        litellm.utils,
    )
    originals = {id(vars(module)["token_counter"]) for module in counters}
    _replace(lambda value: id(value) in originals, count_tokens)
    for name, value in (
        ("token_count", lambda _model, messages: count_tokens(messages=messages)),
        ("tokenizer", lambda _model, text: range(count_tokens(text=text))),
    ):
        setattr(models.Model, name, value)


def count_tokens(model: str = "", text: Any = None, messages: Any = None, **_options: Any) -> int:
    """Return about how many tokens a text, a message or a list of messages has."""
    return _length(messages if messages is not None else text) // 4


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(_length(part) for part in value.values())
    if isinstance(value, list | tuple):
        return sum(_length(part) for part in value)
    return 0


def _bound_the_search_for_near_misses() -> None:
    """Look for lines like those of a failed edit only where that is cheap.

    Aider compares every window of the file, which takes minutes of processor time on a long one.
    """
    search = editblock_coder.find_similar_lines

    def bounded(search_lines: str, content_lines: str, threshold: float = 0.6) -> str:
        if search_lines.count("\n") * content_lines.count("\n") > MOST_COMPARISONS:
            return ""
        return str(search(search_lines, content_lines, threshold))

    editblock_coder.find_similar_lines = bounded


def _replace(is_it: Callable[[Any], bool], new: Any) -> None:
    """Put `new` in the place of every value of LiteLLM's loaded modules that `is_it`."""
    for name, module in list(sys.modules.items()):
        if name == "litellm" or name.startswith("litellm."):
            for attribute, value in list(vars(module).items()):
                if is_it(value):
                    setattr(module, attribute, new)

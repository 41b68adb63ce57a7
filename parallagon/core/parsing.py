"""Bodies of requests: bounded, and only what an answer could repeat.

Apart from ``core.api``, because the framework imports its parsers while it is imported itself.
"""

import json
import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from parallagon.core.errors import TooLarge

_HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")


class JSONBody(JSONParser):
    """JSON of at most ``DATA_UPLOAD_MAX_MEMORY_SIZE`` bytes.

    Django checks its limit only where someone reads ``request.body``, which this framework does
    not unless something else has begun to.
    """

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(f"A request may have at most {limit} bytes.", limit=limit)
        try:
            parsed = super().parse(BytesIO(body), media_type, parser_context)
            if _HALF_CHARACTER.search(body):
                json.dumps(parsed, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except UnicodeEncodeError as error:
            # Text that no answer could repeat, not even to say what is wrong with it.
            raise ParseError("The JSON holds half of a character.") from error
        return parsed

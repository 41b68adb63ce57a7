"""What the API's description says of the feed, which is a plain view that no generator reads."""

from typing import Any

CHANGES = {
    "operationId": "changes",
    "description": (
        "The numbered events of a mission after one that the caller knows, oldest first; waits up "
        "to `wait` seconds for one. The same events as the socket `ws/v1/missions/{id}/`. Go on "
        "after `seq`, which is also told when the filter let nothing pass."
    ),
    "tags": ["changes"],
    "parameters": [
        {"in": "query", "name": "mission", "schema": {"type": "integer"}, "required": True},
        {"in": "query", "name": "after", "schema": {"type": "integer", "default": 0}},
        {"in": "query", "name": "wait", "schema": {"type": "number", "default": 0, "maximum": 30}},
        {
            "in": "query",
            "name": "types",
            "description": "Only events of these types, with commas.",
            "schema": {"type": "string"},
        },
        {
            "in": "query",
            "name": "files",
            "description": "Of events about a file only those of these paths, with commas; "
            "`folder/**` is everything below a folder.",
            "schema": {"type": "string"},
        },
        {"in": "header", "name": "If-None-Match", "schema": {"type": "string"}},
    ],
    "responses": {
        "200": {
            "description": "",
            "headers": {"ETag": {"schema": {"type": "string"}}},
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Changes"}}},
        },
        "304": {"description": "Nothing came since the answer with this tag."},
        **{
            status: {
                "description": "",
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            }
            for status in ("401", "404", "422")
        },
    },
}
FRAME = {
    "type": "object",
    "properties": {
        "v": {"type": "integer"},
        "type": {"type": "string"},
        "seq": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"},
        "data": {"type": "object", "additionalProperties": {}},
    },
    "required": ["v", "type", "seq", "at", "data"],
}
BODY = {
    "type": "object",
    "properties": {
        "results": {"type": "array", "items": {"$ref": "#/components/schemas/EventFrame"}},
        "seq": {"type": "integer"},
        "oldest": {"type": ["integer", "null"]},
        "must_resync": {"type": "boolean"},
    },
    "required": ["results", "seq", "oldest", "must_resync"],
}


def add_changes(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Put the feed among the generated addresses, with the ways to sign in that all share."""
    schemes = result["components"].get("securitySchemes", {})
    security: list[dict[str, list[str]]] = [{name: []} for name in schemes]
    result["paths"]["/api/v1/changes"] = {"get": {**CHANGES, "security": security}}
    result["paths"] = dict(sorted(result["paths"].items()))
    result["components"]["schemas"].update({"Changes": BODY, "EventFrame": FRAME})
    return result

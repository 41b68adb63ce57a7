"""A small OpenID provider that keeps to the protocol, on this machine, over HTTP.

``says`` changes what its next tokens say, ``spoils`` what it does wrong besides.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "parallagon & co", "a secret: of +the client"
KEY, ANOTHER_KEY = (rsa.generate_private_key(65537, 2048) for _number in range(2))
ADA = {
    "sub": "248289761001",
    "email": "ada@example.org",
    "email_verified": True,
    "preferred_username": "ada",
    "given_name": "Ada",
    "family_name": "Byron",
}


class Provider(ThreadingHTTPServer):
    """Lets in whoever asks, as the person ``says``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.key, self.key_id = KEY, "first"
        self.says: dict[str, Any] = dict(ADA)
        self.userinfo: dict[str, Any] = {}
        self.spoils: set[str] = set()
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}

    def description(self) -> dict[str, Any]:
        names = ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"]
        paths = ["/authorize", "/token", "/keys", "/userinfo"]
        addresses = {n: f"{self.issuer}{p}" for n, p in zip(names, paths, strict=True)}
        issuer = "https://other.example" if "issuer" in self.spoils else self.issuer
        methods = ["client_secret_post" if "post" in self.spoils else "client_secret_basic"]
        return {
            "issuer": issuer,
            **addresses,
            "token_endpoint_auth_methods_supported": methods,
        }

    def keys(self) -> dict[str, Any]:
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": self.key_id, "use": "sig", "alg": "RS256"}]}

    def token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        said = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.says,
        }
        if "unsigned" in self.spoils:
            return jwt.encode(said, "", algorithm="none", headers={"kid": self.key_id})
        if "our secret" in self.spoils:
            return jwt.encode(said, SECRET * 2, algorithm="HS256", headers={"kid": self.key_id})
        key = ANOTHER_KEY if "signature" in self.spoils else self.key
        return jwt.encode(said, key, algorithm="RS256", headers={"kid": self.key_id})


class _Answers(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self.server.asked.append(address.path)
        if address.path == "/authorize":
            return self._authorize(dict(parse_qsl(address.query)))
        answers = {
            "/.well-known/openid-configuration": self.server.description(),
            "/keys": self.server.keys(),
            "/userinfo": self.server.userinfo,
        }
        return self._answer(200, answers[address.path])

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = dict(parse_qsl(body))
        if "down" in self.server.spoils:
            return self._answer(503, {})
        asked = self.server.codes.pop(form.get("code", ""), None)
        if asked is None or not self._is_client(form) or not _belongs(form, asked):
            return self._answer(400, {"error": "invalid_grant"})
        token = self.server.token(asked)
        return self._answer(200, {"access_token": "at", "token_type": "Bearer", "id_token": token})

    def _authorize(self, asked: dict[str, str]) -> None:
        fits = asked["response_type"] == "code" and asked["client_id"] == CLIENT
        if not fits or asked["code_challenge_method"] != "S256":
            return self._answer(400, {})
        code = secrets.token_urlsafe(8)
        self.server.codes[code] = asked
        query = {"code": code, "state": asked["state"]}
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(query)}")
        self.send_header("Content-Length", "0")
        return self.end_headers()

    def _is_client(self, form: dict[str, str]) -> bool:
        if "post" in self.server.spoils:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        given = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        name, _colon, secret = given.partition(":")
        return (unquote(name), unquote(secret)) == (CLIENT, SECRET)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_args: Any) -> None:
        pass


def _belongs(form: dict[str, str], asked: dict[str, str]) -> bool:
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return challenge == asked["code_challenge"] and form["redirect_uri"] == asked["redirect_uri"]


@contextmanager
def running() -> Iterator[Provider]:
    """Run a provider of one's own."""
    with Provider() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()

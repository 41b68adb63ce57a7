"""The door for HTTP and WebSockets."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

from parallagon.core import telemetry
from parallagon.core.origins import SameOriginOnly

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parallagon.settings.local")
telemetry.start("web", settings.ENVIRONMENT)
http = get_asgi_application()

from parallagon.accounts.sockets import SocketSignIn  # noqa: E402 - models, likewise
from parallagon.routing import websockets  # noqa: E402 - consumers need the apps to be ready

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": SameOriginOnly(AuthMiddlewareStack(SocketSignIn(URLRouter(websockets)))),
    }
)

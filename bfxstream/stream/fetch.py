"""One HTTP request: certificates verified, the environment's proxies, bounded in time and size."""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Mapping
from functools import partial
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import (
    BaseHandler,
    HTTPErrorProcessor,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.auth import Secret
from bfxstream.stream import policy
from bfxstream.stream.network import (
    Proxy,
    describe_os_error,
    is_loopback,
    is_of_python_socks,
    proxy_for,
    shallow,
)
from bfxstream.stream.tls import certificates

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "bfxstream"}
_READ_BYTES = 65536
_GZIP_WINDOW = 16 + zlib.MAX_WBITS  # zlib's way to be told of gzip's header


class Answer(NamedTuple):
    """What a server said, whatever it was: redirects are not followed."""

    status: int
    body: bytes


def fetch(
    url: str,
    where: str,
    timeout: float = policy.REQUEST_TIMEOUT,
    *,
    body: bytes | None = None,
    signature: Mapping[str, Secret] = MappingProxyType({}),
) -> Answer:
    """The answer to a GET, or with a body to a signed POST, its compression undone.

    `timeout` is in seconds, for each step of connecting and for the whole answer. Raises
    ConnectionFailed, which begins with `where`, when none came whole, or it was too large.
    """
    deadline = time.monotonic() + timeout
    try:
        # The scheme was checked where the base URL came from.
        request = Request(url, data=body, headers=_HEADERS)  # noqa: S310
        if body is not None:
            request.add_header("Content-Type", "application/json")
        for name, secret in signature.items():
            request.add_header(name, secret.reveal())
        with _opener(url).open(request, timeout=timeout) as answer:
            return Answer(answer.status, _read(answer, deadline))
    except Exception as error:  # python-socks' errors have no class in common with the others
        raise _describe(url, where, error) from (shallow(error) if signature else error)


def _read(answer: HTTPResponse, deadline: float) -> bytes:
    compressed = answer.headers.get("Content-Encoding", "").lower() == "gzip"
    unpacker = zlib.decompressobj(_GZIP_WINDOW) if compressed else None
    body = bytearray()
    while len(body) <= policy.MOST_ANSWER_BYTES:
        if time.monotonic() > deadline:
            raise TimeoutError
        data = answer.read1(_READ_BYTES)
        if not data:
            if answer.length or (unpacker is not None and not unpacker.eof):
                raise HTTPException("the answer breaks off")
            return bytes(body)
        # A few bytes can unpack to gigabytes: what is beyond the limit stays packed.
        most = policy.MOST_ANSWER_BYTES + 1
        body += data if unpacker is None else unpacker.decompress(data, most)
    raise HTTPException(f"the answer has more than {policy.MOST_ANSWER_BYTES} bytes")


def _describe(url: str, where: str, error: Exception) -> ConnectionFailed:
    if isinstance(error, ConnectionFailed):
        return error
    if proxy := proxy_for(url):
        where = f"{where} through the proxy {proxy}"
    if isinstance(error, URLError):
        if not isinstance(error.reason, OSError):
            return ConnectionFailed(f"{where}: {error.reason}")
        error = error.reason
    if is_of_python_socks(error):
        return ConnectionFailed(f"{where}: proxy: {error}")
    if isinstance(error, OSError):
        return describe_os_error(url, where, error)
    return ConnectionFailed(f"{where}: {error or type(error).__name__}")


class _EveryStatus(HTTPErrorProcessor):
    """Gives errors and redirects back as answers: the exchange says why in their bodies."""

    def http_response(self, request: Request, response: HTTPResponse) -> HTTPResponse:
        return response

    https_response = http_response


class _SocksHandler(HTTPSHandler):
    """HTTPS through a SOCKS proxy."""

    def __init__(self, proxy: Proxy, tls: ssl.SSLContext) -> None:
        super().__init__(context=tls)
        self._connection = partial(_SocksConnection, proxy=proxy, tls=tls)

    def https_open(self, request: Request) -> HTTPResponse:
        return self.do_open(self._connection, request)


class _SocksConnection(HTTPSConnection):
    def __init__(self, *args: Any, proxy: Proxy, tls: ssl.SSLContext, **options: Any) -> None:
        super().__init__(*args, context=tls, **options)
        self._proxy = proxy
        self._tls = tls

    def connect(self) -> None:
        from python_socks import ProxyType  # noqa: PLC0415  optional
        from python_socks.sync import Proxy as SocksProxy  # noqa: PLC0415

        _, scheme, host, port, auth = self._proxy
        user, password = auth or (None, None)
        proxy = SocksProxy.create(
            proxy_type=ProxyType.SOCKS4 if scheme.startswith("socks4") else ProxyType.SOCKS5,
            host=host,
            port=port,
            username=user,
            password=password,
            rdns=scheme in ("socks4a", "socks5h"),
        )
        plain = proxy.connect(self.host, self.port, timeout=self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def _opener(url: str) -> OpenerDirector:
    file, folder = certificates()
    tls = ssl.create_default_context(cafile=file, capath=folder)
    here = is_loopback(urlsplit(url).hostname)
    proxy = proxy_for(url)
    socks = proxy if proxy is not None and proxy.is_socks else None
    handlers: list[BaseHandler] = [_EveryStatus()]
    handlers.append(HTTPSHandler(context=tls) if socks is None else _SocksHandler(socks, tls))
    if here or socks is not None:
        handlers.append(ProxyHandler({}))  # none of the environment's HTTP proxies
    return build_opener(*handlers)

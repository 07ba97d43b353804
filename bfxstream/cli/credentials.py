"""The API key and its secret from the environment, or from files that the environment names.

What is wrong is said by the variable's name alone. Neither a value nor a path is repeated: the
secret may stand where a path belongs. Nor is one ever in a local variable, where a traceback
could show it, other than as a Secret.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from bfxstream.cli.core_dumps import forbid_core_dumps
from bfxstream.errors import CredentialsError
from bfxstream.protocol.auth import Credentials, Secret

KEY, SECRET = "BFX_API_KEY", "BFX_API_SECRET"

_LARGEST = 4096
"""Bytes of a file; a key has 43 characters."""

_PRINTABLE = re.compile(r"[!-~]+")


def read_credentials(warn: Callable[[str], None]) -> Credentials:
    """The credentials of the environment. Raises CredentialsError that says what is missing.

    The process that holds them leaves no core dump.
    """
    forbid_core_dumps()
    found = {name: _find(name, warn) for name in (KEY, SECRET)}
    missing = [name for name, secret in found.items() if secret is None]
    if len(missing) == len(found):
        raise CredentialsError(
            f"no credentials: {KEY} and {SECRET} are not set",
            hint=f"set them, or {KEY}_FILE and {SECRET}_FILE; --demo needs none",
        )
    if missing:
        given = KEY if missing == [SECRET] else SECRET
        raise CredentialsError(
            f"{given} is given without {missing[0]}", hint=f"set {missing[0]} or {missing[0]}_FILE"
        )
    key, secret = found[KEY], found[SECRET]
    assert key is not None
    assert secret is not None
    return Credentials(key, secret)


def _find(name: str, warn: Callable[[str], None]) -> Secret | None:
    """The value of a variable or of the file that its `_FILE` names; None where neither is set."""
    in_file = f"{name}_FILE"
    given = [variable for variable in (name, in_file) if os.environ.get(variable, "").strip()]
    if len(given) > 1:
        raise CredentialsError(f"{name} and {in_file} are both set", hint="unset one of them")
    if given == [name]:
        return _checked(Secret(os.environ[name]), name)
    if given == [in_file]:
        return _checked(_read(in_file, warn), f"the file of {in_file}")
    for variable in (name, in_file):
        if variable in os.environ:
            raise CredentialsError(f"{variable} is empty", hint="set it, or unset it")
    return None


def _read(variable: str, warn: Callable[[str], None]) -> Secret:
    try:
        with Path(os.environ[variable]).open("rb") as file:
            status = os.fstat(file.fileno())
            content = Secret(file.read(_LARGEST + 1).decode("latin-1"))
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "it has no valid name"
        raise CredentialsError(
            f"the file of {variable} cannot be read: {reason}", hint="check the path"
        ) from None
    if len(content.reveal()) > _LARGEST:
        raise CredentialsError(
            f"the file of {variable} is too large to be a key", hint="check the path"
        )
    if stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IROTH:
        warn(f"the file of {variable} can be read by every user of this machine; chmod 600 it")
    return content


def _checked(secret: Secret, where: str) -> Secret:
    """The text without white space around it, if it can be a key or secret at all."""
    stripped = Secret(secret.reveal().strip())
    if not stripped.reveal():
        raise CredentialsError(f"{where} is empty", hint="it must hold the key and nothing else")
    if not _PRINTABLE.fullmatch(stripped.reveal()):
        raise CredentialsError(
            f"{where} has characters that no key has", hint="it must hold the key and nothing else"
        )
    return stripped

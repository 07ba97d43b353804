"""Tracebacks as a crash reporter writes them, with the local variables of every frame of ours."""

from __future__ import annotations

import traceback
from pathlib import Path

import bfxstream

_PACKAGE = str(Path(bfxstream.__file__).parent)


def report_with_locals(error: BaseException) -> str:
    """The report of an error, and of what led to it, without the frames of the tests."""
    parts = []
    cause: BaseException | None = error
    while cause is not None:
        report = traceback.TracebackException.from_exception(cause, capture_locals=True)
        frames = [frame for frame in report.stack if frame.filename.startswith(_PACKAGE)]
        parts += traceback.StackSummary.from_list(frames).format()
        parts += report.format_exception_only()
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "".join(parts)

"""Exit codes: what a script learns without reading."""

from exportcenter_client import errors

OK, JOB_FAILED, USAGE, REFUSED, NOT_FOUND, CONFLICT, NETWORK, CHECKSUM, SERVER, TIMEOUT = range(10)
INTERRUPTED = 130
TABLE = """exit codes:
  0  done
  1  the export or import failed or was canceled; rows are faulty
  2  wrong words or parameters, no configuration
  3  not signed in, or no right to do it
  4  there is no such export or import, or its file has expired
  5  the state does not allow it; the file's name is taken
  6  the server does not answer, or asks for patience
  7  the file is damaged; nothing was kept
  8  a fault of the server, or of this computer's disk
  9  --timeout is over; the export or import goes on
130  interrupted; a download can be continued"""

_BY_TYPE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], int], ...] = (
    ((errors.JobFailed, errors.ImportFailed), JOB_FAILED),
    ((errors.InvalidParameters, errors.ConfigError, ValueError, NotADirectoryError), USAGE),
    ((errors.NotAuthenticated, errors.Forbidden), REFUSED),
    ((errors.NotFound, errors.Expired), NOT_FOUND),
    ((errors.Conflict, errors.Locked, errors.TargetExists, errors.NotReady), CONFLICT),
    ((errors.NetworkError, errors.Throttled, errors.Unavailable), NETWORK),
    (errors.ChecksumMismatch, CHECKSUM),
    (errors.WaitTimeout, TIMEOUT),
    (KeyboardInterrupt, INTERRUPTED),
)


def code_of(fault: BaseException) -> int:
    """The exit code for what went wrong."""
    return next((code for kinds, code in _BY_TYPE if isinstance(fault, kinds)), SERVER)

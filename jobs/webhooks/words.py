"""What webhooks say to people."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from exportcenter.common.egress import Problem

STATUS, RIGHTS, STOPPED, KEY, LOST, FAULT = "status", "rights", "stopped", "key_gone", "interrupted", "fault"
ERRORS: dict[str, str] = {
    Problem.URL: gettext_noop("The address is not one that messages are sent to."),
    Problem.ADDRESS: gettext_noop("The name leads to an address that is not public."),
    Problem.NAME: gettext_noop("The name of the host was not found."),
    Problem.CONNECT: gettext_noop("No connection to the receiver."),
    Problem.TLS: gettext_noop("The encrypted connection failed, or the certificate is not good."),
    Problem.TIMEOUT: gettext_noop("The receiver did not answer in time."),
    Problem.PROTOCOL: gettext_noop("The answer was not HTTP."),
    STATUS: gettext_noop("The receiver did not answer with 2xx. Redirects are not followed."),
    RIGHTS: gettext_noop("The webhook's owner may not see this job any more."),
    STOPPED: gettext_noop("The webhook was switched off."),
    KEY: gettext_noop("The server no longer has the key of this webhook's secret. Rotate it."),
    LOST: gettext_noop("Sending was interrupted."),
    FAULT: gettext_noop("Something went wrong on our side."),
}


def error_words(code: str) -> str:
    """The error in words; empty for none."""
    return _(ERRORS[code]) if code in ERRORS else code

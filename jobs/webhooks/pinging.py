"""A test: one message of type ``ping``, sent at once, so that somebody sees whether the receiver works.

It is prepared in the request's transaction and sent after it, while the answer is being written: nothing waits for the
receiver with a transaction open.
"""

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import tenancy
from accounts.models import User
from exportcenter.common import clock
from exportcenter.common.errors import Locked, StateConflict
from jobs.models import Webhook, WebhookDelivery
from jobs.models.webhook import Delivery
from jobs.webhooks import message, secrets, sending, services, words
from jobs.webhooks.sending import Attempt


@transaction.atomic
def prepare(key: object, *, actor: User) -> Attempt:
    """Write the test down and take the way to the receiver. It may be sent when this transaction is over.

    Raises NotFound, Locked (423) while another message is on its way there, and StateConflict (409).
    """
    seen = services.find_visible(key, actor)
    webhook: Webhook = Webhook.objects.select_for_update(of=("self",)).select_related("owner__tenant").get(pk=seen.pk)
    now = clock.now()
    if webhook.lease_until is not None and webhook.lease_until > now:
        raise Locked(_("A message is on its way to this receiver right now."))
    delivery: WebhookDelivery = WebhookDelivery.objects.create(
        webhook=webhook,
        type=message.PING,
        event_at=now,
        created_at=now,
        attempted_at=now,
        attempts=1,
        state=Delivery.FAILED,  # until somebody knows better: a process that dies now never will
        error=words.LOST,
    )
    try:
        said = message.compose(webhook, delivery, now=timezone.now())
    except secrets.KeyGone as error:
        raise StateConflict(words.error_words(words.KEY)) from error
    fence = sending.lease(webhook, now=now)
    return Attempt(tenancy.require(), webhook.pk, delivery.pk, 1, fence, said, test=True)


def finish(attempt: Attempt) -> WebhookDelivery | None:
    """Send it, write down what came of it, and return that; None when the webhook is gone by now."""
    sending.settle(attempt, sending.deliver(attempt.message))
    with tenancy.tenant_scope(attempt.tenant_id):
        found: WebhookDelivery | None = WebhookDelivery.objects.filter(pk=attempt.delivery_id).first()
    if not connection.in_atomic_block:
        connection.close()
    return found

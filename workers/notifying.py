"""Deliveries of notices: by e-mail, and to a site's webhook after the Standard Webhooks specification.

The body of a webhook is signed: base64(HMAC-SHA256(key, "<id>.<timestamp>.<body>")), see standardwebhooks.com; the id
is that of the delivery, the same at every attempt, so that a receiver can drop a second one. No patient data.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from datetime import timedelta

import requests
from django.conf import settings
from django.core.mail import send_mail
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from screening import notices, queue
from screening.models import Job
from screening.said_elsewhere import GIVEN_UP, MAIL_AWAY, WEBHOOK_AWAY, WEBHOOK_REFUSED
from workers import dispatch, engine

SLICE_S = 10
TIMEOUT_S = (5, 10)  # to connect, and between two bytes
# Tried for so long; then an administrator sees it among the jobs that failed.
GIVE_UP = timedelta(hours=24)
KEY_PREFIX = "whsec_"


def draw_key():
    """A new key as the specification writes it: `whsec_` and 32 random bytes in base64."""
    return KEY_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(key, identity, timestamp, body):
    """The header `webhook-signature` of a body (bytes) that is sent under an id at a Unix time (seconds)."""
    secret = base64.b64decode(key.removeprefix(KEY_PREFIX))
    digest = hmac.new(secret, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def mail():
    """Send pending notices by e-mail, for about SLICE_S."""
    _deliver(Job.Kind.MAIL, _mail)


def webhook():
    """Post pending notices to their sites' webhooks, for about SLICE_S."""
    _deliver(Job.Kind.WEBHOOK, _post)


def _deliver(kind, by):
    ends = time.monotonic() + SLICE_S
    jobs = Job.objects.filter(kind=kind).select_related("notice__site", "recipient")
    while claimed := queue.claim(jobs, engine.owner(), 1):
        (job,) = claimed
        try:
            by(job)
        except queue.Permanent as error:
            queue.fail(job, _given_up(error) if _is_old(job) else error)
        else:
            queue.finish(job)
        if engine.stopping() or time.monotonic() >= ends:
            dispatch.go_on(job)
            return


def _is_old(job):
    return Job.objects.filter(pk=job.pk, created_at__lt=Now() - GIVE_UP).exists()


def _given_up(error):
    return queue.Permanent(error.code, GIVEN_UP % {"sentence": error.sentence})


def _mail(job):
    """Raises queue.Permanent where nobody is to be told any more, and Outage where the server does not take it."""
    person, notice = job.recipient, job.notice
    if not (person and person.is_active and person.mail_notices and person.email):
        raise queue.Permanent("not_wanted", gettext_noop("The person does not want e-mail any more."))
    said = notices.sentence(notice)
    link = f"{settings.PORTAL_URL}/notices/{notice.pk}" if settings.PORTAL_URL else _("Open FirstRead to see it.")
    try:
        send_mail(
            f"FirstRead: {notice.get_kind_display()}",
            f"{said}\n\n{link}\n",
            settings.DEFAULT_FROM_EMAIL,
            [person.email],
        )
    except OSError as error:  # smtplib's errors are some
        raise queue.Outage("mail_away", MAIL_AWAY % {"kind": type(error).__name__}) from error


def content(notice):
    """The JSON of a webhook, as bytes: {type, timestamp, data: {notice, site, study, batch}}, ids and a site's code."""
    data = {"notice": notice.pk, "site": notice.site.code, "study": notice.study_id, "batch": notice.batch_id}
    said = {"type": notice.kind, "timestamp": notice.created_at.isoformat(), "data": data}
    return json.dumps(said, default=str).encode()


def try_webhook(site):
    """Post a trial to a site's webhook at once; "" where it was taken, else the sentence that says why not."""
    try:
        _send(site, uuid.uuid4(), json.dumps({"type": "trial", "data": {"site": site.code}}).encode())
    except queue.Permanent as error:
        return error.sentence
    return ""


def _post(job):
    _send(job.notice.site, job.pk, content(job.notice))


def _send(site, identity, body):
    """Raises queue.Permanent where the site has no webhook any more, and Outage where it does not take it."""
    if not (site.webhook_url and site.webhook_key):
        raise queue.Permanent("no_webhook", gettext_noop("The site has no webhook any more."))
    now = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(identity),
        "webhook-timestamp": str(now),
        "webhook-signature": signature(site.webhook_key, identity, now, body),
    }
    try:
        # The answer's body is nobody's; a redirect would send what is signed to somebody else.
        with requests.post(
            site.webhook_url, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code
    except requests.RequestException as error:
        raise queue.Outage("webhook_away", WEBHOOK_AWAY % {"kind": type(error).__name__}) from error
    if not 200 <= status < 300:
        raise queue.Outage("webhook_refused", WEBHOOK_REFUSED % {"status": status})

"""Notices on their way out: signed, tried again for a day, and without a patient."""

import base64
import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core import mail
from django.utils import timezone

from screening import notices
from screening.models import Job, Notice, Priority
from tests import factories
from workers import notifying

pytestmark = pytest.mark.django_db
CANARY = "CANARY-NAME"


@pytest.fixture
def receiver():
    """A server that keeps what is posted to it and answers with its `status`."""
    posted = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            posted.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.status, server.posted = 204, posted
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(receiver):
    factories.active_model()
    return factories.site("ward", webhook_url=receiver.url, webhook_key=notifying.draw_key())


@pytest.fixture
def job(site):
    study = factories.study(site, priority=Priority.STAT, patient_name=CANARY, patient_id=CANARY, accession=CANARY)
    factories.screened(study, 0.9)
    (job,) = notices.gather()
    return job


def again(job):
    """Its turn comes again, after the time that it was put off for."""
    Job.objects.filter(pk=job.pk).update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    notifying.webhook()
    job.refresh_from_db()


def test_a_notice_is_posted_signed_with_ids_alone(receiver, site, job):
    notifying.webhook()
    ((headers, body),) = receiver.posted
    key = base64.b64decode(site.webhook_key.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    said, notice = json.loads(body), Notice.objects.get()
    assert said["type"] == "stat_likely"
    assert said["data"] == {"notice": str(notice.pk), "site": "ward", "study": str(notice.study_id), "batch": None}
    assert CANARY not in body.decode() + str(headers)
    job.refresh_from_db()
    assert job.state == Job.State.DONE


def test_the_signature_is_that_of_the_specifications_example():
    body = b'{"test": 2432232314}'
    made = notifying.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_is_not_taken_is_tried_again_under_the_same_id(receiver, job, status):
    receiver.status = status
    notifying.webhook()
    job.refresh_from_db()
    assert (job.state, job.error_sentence) == (Job.State.PENDING, f"The webhook answered {status}.")
    receiver.status = 200
    again(job)
    assert job.state == Job.State.DONE
    assert [headers["webhook-id"] for headers, _ in receiver.posted] == [str(job.pk)] * 2


def test_after_a_day_it_is_given_up_and_says_why(receiver, job):
    receiver.status = 500
    Job.objects.update(created_at=timezone.now() - timedelta(hours=25))
    notifying.webhook()
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert job.error_sentence == "Not delivered within a day: The webhook answered 500."


def test_nobody_there_is_an_outage(site, job):
    site.webhook_url = "http://127.0.0.1:9/"
    site.save()
    notifying.webhook()
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.PENDING, "webhook_away")


def test_a_webhook_that_was_taken_away_ends_its_deliveries(site, job):
    site.webhook_url = ""
    site.save()
    notifying.webhook()
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.FAILED, "no_webhook")


def test_an_e_mail_names_the_site_and_no_patient(site, job, settings):
    settings.PORTAL_URL = "https://firstread.example.org"
    person = factories.radiologist(site, email="reader@example.org", mail_notices=True)
    notice = Notice.objects.get()
    Job.objects.create(kind=Job.Kind.MAIL, notice=notice, recipient=person)
    notifying.mail()
    (sent,) = mail.outbox
    assert sent.to == ["reader@example.org"]
    assert f"https://firstread.example.org/notices/{notice.pk}" in sent.body
    assert site.name in sent.body
    assert CANARY not in sent.body + sent.subject


def test_a_mail_server_that_is_away_is_waited_for(site, job, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    person = factories.radiologist(site, email="reader@example.org", mail_notices=True)
    mailed = Job.objects.create(kind=Job.Kind.MAIL, notice=Notice.objects.get(), recipient=person)
    notifying.mail()
    mailed.refresh_from_db()
    assert (mailed.state, mailed.error_code) == (Job.State.PENDING, "mail_away")


def test_who_no_longer_wants_e_mail_gets_none(site, job):
    person = factories.radiologist(site, email="reader@example.org")
    mailed = Job.objects.create(kind=Job.Kind.MAIL, notice=Notice.objects.get(), recipient=person)
    notifying.mail()
    mailed.refresh_from_db()
    assert (mailed.state, mail.outbox) == (Job.State.FAILED, [])

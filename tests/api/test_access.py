"""Who gets what: every address and method of the portal and the API, for six people. What is not in the table fails."""

from dataclasses import dataclass

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from screening.models import Draft, Job, Notice, Read, Screening, Site, Study, User

PEOPLE = ["anonymous", "technologist", "radiologist", "elsewhere", "administrator", "deactivated"]

# `elsewhere` is a radiologist of another site. A page redirects (302) when a change is done, and to the login; the API
# answers 401 there, and 409 where the role fits and the study is not ready for it.
TABLE = """
home                    GET    302 302 302 302 302 302
login                   GET    200 302 302 302 302 200
login                   POST   200 302 302 302 302 200
logout                  POST   302 302 302 302 302 302
password_change         GET    302 200 200 200 200 302
password_change         POST   302 200 200 200 200 302
set_language            POST   302 302 302 302 302 302
words                   GET    200 200 200 200 200 200
notices                 GET    302 200 200 200 200 302
notices                 POST   302 302 302 302 302 302
notices_bell            GET    302 200 200 200 200 302
notice                  GET    302 404 302 404 404 302
worklist                GET    302 403 200 200 403 302
worklist                POST   302 403 200 200 403 302
view_save               POST   302 403 302 302 403 302
view_delete             POST   302 403 302 404 403 302
next_study              POST   302 403 302 302 403 302
films_ahead             GET    302 403 200 200 403 302
studies                 GET    302 200 200 200 403 302
studies                 POST   302 200 200 200 403 302
study                   GET    302 200 200 404 403 302
study_ai                GET    302 200 200 404 403 302
claim                   POST   302 403 302 404 403 302
release                 POST   302 403 302 404 403 302
draft                   POST   302 403 200 404 403 302
sign                    POST   302 403 302 404 403 302
addend                  POST   302 403 302 404 403 302
show_ai                 POST   302 403 200 404 403 302
hand_over               POST   302 403 302 404 403 302
end_claim               POST   302 403 403 403 302 302
say_why                 POST   302 403 302 404 403 302
results                 GET    302 403 403 403 403 302
results_csv             GET    302 403 403 403 403 302
second_reads            GET    302 403 200 200 403 302
second_next             POST   302 403 302 302 403 302
agreement               GET    302 403 200 200 403 302
second_read             GET    302 403 302 404 403 302
second_claim            POST   302 403 302 404 403 302
second_release          POST   302 403 302 404 403 302
second_draft            POST   302 403 200 404 403 302
second_sign             POST   302 403 302 404 403 302
change_priority         POST   302 302 302 404 403 302
withdraw                POST   302 302 403 404 403 302
restore                 POST   302 302 403 404 403 302
retry                   POST   302 302 302 404 403 302
upload                  GET    302 200 200 200 403 302
upload                  POST   302 200 200 200 403 302
batch                   GET    302 200 200 404 403 302
batch_trial             GET    302 204 204 404 403 302
batch_confirm           POST   302 403 403 404 403 302
batch_discard           POST   302 403 403 404 403 302
batch_cancel            POST   302 302 403 404 403 302
batch_retry             POST   302 302 403 404 403 302
image_correct           POST   302 302 302 404 403 302
image_decode            POST   302 302 302 404 403 302
image_explain           GET    302 200 200 404 403 302
image_explain           POST   302 200 200 404 403 302
image_view              GET    302 200 200 404 403 302
explanation             GET    302 200 200 404 403 302
operations              GET    302 403 403 403 200 302
operations_retry        POST   302 403 403 403 302 302
operations_retry_jobs   POST   302 403 403 403 302 302
flower_auth             GET    401 403 403 403 204 401
healthz                 GET    200 200 200 200 200 200
readyz                  GET    503 503 503 503 503 503
models                  GET    302 403 403 403 200 302
models_changed          GET    302 403 200 200 200 302
models_roll_back        POST   302 403 403 403 302 302
model                   GET    302 200 200 200 200 302
model_report            GET    302 404 404 404 404 302
model_promote           GET    302 403 403 403 200 302
model_promote           POST   302 403 403 403 302 302
model_shadow            POST   302 403 403 403 302 302
model_rescreen          GET    302 403 403 403 200 302
model_rescreen          POST   302 403 403 403 302 302
turnaround              GET    302 403 200 200 200 302
turnaround_csv          GET    302 403 200 200 200 302
simulation              GET    302 403 403 403 200 302
users                   GET    302 403 403 403 200 302
user_new                GET    302 403 403 403 200 302
user_new                POST   302 403 403 403 200 302
user                    GET    302 403 403 403 200 302
user                    POST   302 403 403 403 302 302
user_password           POST   302 403 403 403 200 302
user_deactivate         POST   302 403 403 403 302 302
user_activate           POST   302 403 403 403 302 302
sites                   GET    302 403 403 403 200 302
site_new                GET    302 403 403 403 200 302
site_new                POST   302 403 403 403 200 302
site                    GET    302 403 403 403 200 302
site                    POST   302 403 403 403 200 302
site_webhook            GET    302 403 403 403 200 302
site_webhook_key        POST   302 403 403 403 200 302
site_webhook_test       POST   302 403 403 403 302 302
site_order              POST   302 403 403 403 403 302
api_login               POST   400 400 400 400 400 400
api_logout              POST   401 204 204 204 204 401
api_me                  GET    401 200 200 200 200 401
api_studies             GET    401 200 200 200 403 401
api_study               GET    401 200 200 404 403 401
api_claim               POST   401 403 200 404 403 401
api_release             POST   401 403 409 404 403 401
api_sign                POST   401 403 409 404 403 401
api_addend              POST   401 403 409 404 403 401
api_change_priority     POST   401 200 200 404 403 401
api_withdraw            POST   401 200 403 404 403 401
api_restore             POST   401 200 403 404 403 401
api_retry               POST   401 200 200 404 403 401
api_second_reads        GET    401 403 200 200 403 401
api_second_next         POST   401 403 200 204 403 401
api_second_claim        POST   401 403 200 404 403 401
api_second_release      POST   401 403 409 404 403 401
api_second_sign         POST   401 403 409 404 403 401
api_batches             GET    401 200 200 200 403 401
api_batches             POST   401 201 201 201 403 401
api_batch               GET    401 200 200 404 403 401
api_files               POST   401 400 403 404 403 401
api_manifest            POST   401 400 403 404 403 401
api_known               POST   401 200 403 404 403 401
api_receipts            GET    401 200 200 404 403 401
api_receipts_csv        GET    401 200 200 404 403 401
api_batch_confirm       POST   401 409 403 404 403 401
api_batch_discard       POST   401 409 403 404 403 401
api_batch_cancel        POST   401 200 403 404 403 401
api_batch_retry         POST   401 200 403 404 403 401
api_upload              POST   401 400 400 400 403 401
api_parts               POST   401 400 400 400 403 401
api_part                PATCH  401 415 404 404 403 401
api_part                DELETE 401 204 404 404 403 401
api_image_view          POST   401 200 200 404 403 401
api_image_decode        POST   401 200 200 404 403 401
api_worklist            GET    401 403 200 200 403 401
api_next_study          POST   401 403 200 204 403 401
api_models              GET    401 200 200 200 200 401
api_model               GET    401 200 200 200 200 401
api_model_preview       GET    401 403 403 403 200 401
api_model_promote       POST   401 403 403 403 409 401
api_model_roll_back     POST   401 403 403 403 409 401
api_model_shadow        POST   401 403 403 403 409 401
api_model_rescreen      POST   401 403 403 403 202 401
api_unknown             GET    401 404 404 404 404 401
api_unknown             POST   401 404 404 404 404 401
api_unknown             PUT    401 404 404 404 404 401
api_unknown             PATCH  401 404 404 404 404 401
api_unknown             DELETE 401 404 404 404 404 401
api_schema              GET    200 200 200 200 200 200
api_docs                GET    200 200 200 200 200 200
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]

# What is sent, by route; a route without an entry gets an empty form.
SENT = {
    "sign": {"version": 1, "finding": "absent"},
    "addend": {"finding": "absent"},
    "change_priority": {"priority": 0},
    "withdraw": {"reason": "wrong film"},
    "say_why": {"reason": "faint"},
    "second_sign": {"version": 1, "finding": "absent"},
    "api_second_sign": {"version": 1, "finding": "absent"},
    "operations_retry": {"reason": "none"},
    "user": {"roles": ["radiologist"]},
    "model_rescreen": {"status": "all"},
    "api_model_shadow": {"on": True},
    "api_known": {"keys": []},
    "api_image_view": {"view": "AP"},
    "api_sign": {"version": 1, "finding": "absent"},
    "api_addend": {"finding": "absent"},
    "api_change_priority": {"priority": "stat"},
    "api_withdraw": {"reason": "wrong film"},
}
# What an address holds besides an id.
HELD = {"image_view": {"rendition": "thumb"}, "operations_retry_jobs": {"kind": "explain"}, "words": {"language": "en"}}
# These take films, not JSON; without one they answer 400.
FILES = ("api_files", "api_manifest", "api_upload", "api_parts")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
EVERYTHING = ["technologist", "radiologist", "clinical_lead", "administrator"]


@dataclass
class World:
    """One study at one site, six people, and the ids that addresses hold."""

    people: dict
    ids: dict

    def address(self, route):
        pattern = PATTERNS[route]
        if route == "api_unknown":
            return "/api/v1/nothing"
        holds = {"pk": _of(route, pattern)} if "pk" in pattern else {}
        holds |= HELD.get(route, {})
        asked = f"?a={self.ids['model']}&b={self.ids['model']}" if route == "models_changed" else ""
        return reverse(route, kwargs={name: self.ids.get(value, value) for name, value in holds.items()}) + asked


def _of(route, pattern):
    """What an address's id is the id of: `studies/<uuid:pk>/ai` is about a study; some acts need one in their state."""
    for act, state in {"restore": "withdrawn", "retry": "failed"}.items():
        if "studies/" in pattern and route.endswith(act):
            return state
    names = {"studies": "study", "images": "image", "explanations": "job", "users": "user", "sites": "site"}
    names |= {"batches": "batch", "models": "model", "parts": "part", "reads": "read", "second-reads": "second"}
    names |= {"views": "view", "notices": "notice"}
    return names[pattern.removeprefix("api/v1/").split("/")[0]]


def _walk(patterns, prefix=""):
    for pattern in patterns:
        whole = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern.url_patterns, whole)
        else:
            yield pattern.name or whole, whole


PATTERNS = dict(_walk(get_resolver().url_patterns))


@pytest.fixture
def world(factories, home, away, model):
    people = {name: factories.person(name, home, username=name) for name in ("technologist", "radiologist")}
    people["elsewhere"] = factories.radiologist(away, username="elsewhere")
    people["administrator"] = factories.administrator(home, username="administrator")
    factories.administrator()
    people["deactivated"] = factories.radiologist(home, username="deactivated")
    batch = factories.batch(home, people["technologist"])
    study = factories.screened(factories.study(home, batch=batch))
    image = study.images.get()
    job = Job(kind="explain", image=image, model_version=model, state="done")
    job.file.save("explanations/test.png", ContentFile(b"x"), save=True)
    failed = factories.failed(factories.study(home))
    withdrawn = factories.withdrawn(factories.study(home), people["technologist"])
    other = factories.technologist(home, username="other")
    rows = {"study": study, "image": image, "job": job, "batch": batch, "user": other, "site": home, "model": model}
    overruled = factories.read(factories.screened(factories.study(home), 0.9), people["radiologist"], "absent")
    missed = factories.read(factories.screened(factories.study(home), 0.1), factories.radiologist(home), "present")
    rows |= {"view": people["radiologist"].views.create(name="mine", query="mine=1")}
    rows |= {"read": overruled.reads.get(), "second": missed.second_reads.get()}
    rows |= {"notice": Notice.objects.create(kind=Notice.Kind.STAT_LIKELY, site=home, study=study)}
    rows |= {"failed": failed, "withdrawn": withdrawn, "part": batch.parts.create(name="a.zip", size=10)}
    return World(people, {name: row.pk for name, row in rows.items()})


def ask(world, person, route, method):
    """The status that this person gets; whatever the request did is undone."""
    client = Client()
    if person != "anonymous":
        client.force_login(world.people[person])
    with transaction.atomic():
        if person == "deactivated":
            User.objects.filter(pk=world.people[person].pk).update(is_active=False)
        answer = _send(client, method, world.address(route), route)
        transaction.set_rollback(True)
    return answer.status_code


def _send(client, method, address, route):
    client.defaults["HTTP_TUS_RESUMABLE"] = "1.0.0"
    if method != "POST":
        return client.generic(method, address)
    options = {"content_type": "application/json"} if route.startswith("api_") and route not in FILES else {}
    return client.post(address, SENT.get(route, {}), **options)


@pytest.mark.parametrize("person", PEOPLE)
def test_everybody_gets_what_the_table_says(world, person):
    column = PEOPLE.index(person)
    expected = {f"{method} {route}": statuses[column] for route, method, *statuses in ROWS}
    found = {f"{method} {route}": str(ask(world, person, route, method)) for route, method, *_ in ROWS}
    assert found == expected


def test_every_address_is_in_the_table():
    assert {row[0] for row in ROWS} == set(PATTERNS)


def test_a_method_that_is_not_in_the_table_is_not_taken(world, factories, home):
    world.people["anybody"] = factories.person(EVERYTHING, home)
    listed = {(route, method) for route, method, *_ in ROWS}
    # Django's own form views take PUT as POST, behind the same checks.
    others = [(route, method) for route in set(PATTERNS) - {"login", "password_change"} for method in METHODS]
    taken = [each for each in others if each not in listed and ask(world, "anybody", *each) != 405]
    assert taken == []


def test_every_change_by_a_session_needs_the_csrf_token(world, factories, home):
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.person(EVERYTHING, home))
    # A login by the API asks for name and password, and no cookie counts there.
    routes = [route for route, method, *_ in ROWS if method == "POST" and route != "api_login"]
    assert [route for route in routes if _send(client, "POST", world.address(route), route).status_code != 403] == []


def test_looking_changes_nothing_but_the_history(world, factories, home):
    person = world.people["everybody"] = factories.person(EVERYTHING, home)
    before = _snapshot()
    for route, method, *_ in ROWS:
        if method == "GET":
            client = Client()
            client.force_login(person)
            _send(client, "GET", world.address(route), route)
    assert _snapshot() == before


def _snapshot():
    kinds = (Study, Screening, Job, Read, Draft, Site)
    people = list(User.objects.order_by("pk").values("pk", "roles", "is_active", "password"))
    return [list(kind.objects.order_by("pk").values()) for kind in kinds] + [people]

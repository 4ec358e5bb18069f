import io, os, datetime as dt
from pathlib import Path
import numpy as np, pytest
from PIL import Image as P
SHOTS = Path("/tmp/shots"); SHOTS.mkdir(exist_ok=True)
W = "correct horse battery"

def png(arr, deep):
    o = io.BytesIO()
    if deep:
        a = (arr.astype(np.uint16) * 14 + 300)
        P.fromarray(a).save(o, "PNG")
    else: P.fromarray(arr).save(o, "PNG")
    return o.getvalue()

def build(f):
    from ml import phantom
    from screening.models import Priority, Heartbeat, Job
    from workers import heartbeat
    home = f.site(code="demo", name="St Mary, Demo", demo=True); 
    f.active_model(version="2", name="firstread")
    h = lambda **k: dt.timedelta(**k)
    spec = [
     (Priority.STAT, h(minutes=6), .97, dict(patient_id="DEMO-1042", age_years=3.4, sex="F", accession="A-22871", clinical_question="fever, cough 4 days; pneumonia?", description="Chest PA")),
     (Priority.STAT, h(minutes=1), None, dict(patient_id="DEMO-1047", age_years=5.2, sex="M")),
     (Priority.URGENT, h(minutes=38), .5, dict(patient_id="DEMO-1029", age_years=61, sex="M", _real=True)),
     (Priority.ROUTINE, h(hours=8, minutes=4), .08, dict(patient_id="DEMO-0871", age_years=4.2, sex="F")),
     (Priority.ROUTINE, h(minutes=11), .93, dict(patient_id="DEMO-1038", age_years=1.4, sex="M")),
     (Priority.ROUTINE, h(minutes=24), .88, dict(patient_id="DEMO-1031", age_years=1.1, sex="F")),
     (Priority.ROUTINE, h(minutes=52), "lateral", dict(patient_id="DEMO-1022", age_years=3, sex="M")),
     (Priority.ROUTINE, h(minutes=72), "failed", dict(age_years=2.6)),
     (Priority.ROUTINE, h(minutes=20), .44, dict(patient_id="DEMO-1040", patient_name="EXAMPLE^PHANTOM NINE", age_years=2, sex="F")),
     (Priority.ROUTINE, h(hours=6, minutes=12), .03, dict(patient_id="DEMO-0902", age_years=4, sex="M")),
     (Priority.ROUTINE, h(hours=2), .12, dict(patient_id="DEMO-0977", age_years=2.1, sex="M")),
    ]
    out = []
    for i, (pr, ago, p, kw) in enumerate(spec):
        real = kw.pop("_real", False)
        s = f.study(home, ago=ago, images=0, priority=pr, synthetic=not real, **kw)
        op = isinstance(p, float) and p > .4
        arr = phantom.draw(i, op)
        lateral = p == "lateral"
        f.image(s, data=png(arr, i % 2 == 0), view="LATERAL" if lateral else "PA", gate="lateral" if lateral else "")
        if i == 4: f.image(s, data=png(phantom.draw(50, False), False), view="LATERAL", gate="lateral")
        if isinstance(p, float): f.screened(s, p)
        elif p == "failed": f.failed(s)
        out.append(s)
    heartbeat.beat("w", "model", loaded=["x"*8])
    return home, out

@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_shots(factories, open_page, log_in, theme, size):
    f = factories
    home, st = build(f)
    other = f.radiologist(home)
    f.claimed(st[5], other)
    rad = f.radiologist(home, password=W, username="radiologist")
    tech = f.technologist(home, password=W, username="technologist")
    tag = f"{theme}-{size[0]}"
    def shot(page, name, full=False): page.screenshot(path=SHOTS / f"{name}-{tag}.png", full_page=full)
    def fresh():
        page = open_page(); page.set_viewport_size(dict(width=size[0], height=size[1]))
        page.add_init_script(f"localStorage.setItem('theme','{theme}')")
        return page
    page = fresh()
    page.goto("/login/"); shot(page, "login")
    log_in(page, rad, W)
    page.wait_for_timeout(800); page.keyboard.press("j"); page.keyboard.press("j") if size[0] > 400 else None
    shot(page, "worklist", full=size[0] < 400)
    page.goto(f"/studies/{st[4].pk}/"); page.wait_for_timeout(600); shot(page, "study")
    page.goto("/worklist/"); page.keyboard.press("n"); page.wait_for_url("**/studies/**"); page.wait_for_timeout(800)
    shot(page, "reading", full=size[0] < 400)
    from screening.models import Job
    from workers import engine
    page.keyboard.press("h"); page.wait_for_timeout(500)
    engine.explain(); page.wait_for_timeout(1800)
    page.keyboard.press("1"); page.keyboard.press("c"); page.keyboard.type("Right lower zone consolidation."); page.wait_for_timeout(1200)
    shot(page, "reading-overlay")
    page.keyboard.press("Control+Enter"); page.wait_for_timeout(1500); shot(page, "next")
    page.goto(f"/studies/{st[0].pk}/"); page.wait_for_timeout(600); shot(page, "signed", full=size[0] < 400)
    page.goto("/studies/"); page.wait_for_timeout(400); shot(page, "studies")
    page.goto("/worklist/?show=mine"); page.wait_for_timeout(300); shot(page, "mine")
    page.goto("/password/"); shot(page, "password")
    page2 = fresh(); log_in(page2, tech, W); 
    page2.goto(f"/studies/{st[7].pk}/"); page2.wait_for_timeout(500)
    page2.locator("summary", has_text="Change or withdraw").click(); shot(page2, "technologist", full=size[0] < 400)
    page2.select_option("#priority", "1"); page2.get_by_role("button", name="Change", exact=True).click(); page2.wait_for_timeout(500); shot(page2, "undo")

@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_states(factories, open_page, log_in, theme, size):
    f = factories
    home, st = build(f)
    from screening.models import Heartbeat, Study
    from screening import reading
    rad = f.radiologist(home, password=W, username="radiologist")
    tech = f.technologist(home, password=W, username="technologist")
    tag = f"{theme}-{size[0]}"
    def shot(page, name, full=False): page.screenshot(path=SHOTS / f"{name}-{tag}.png", full_page=full)
    def fresh():
        page = open_page(); page.set_viewport_size(dict(width=size[0], height=size[1]))
        page.add_init_script(f"localStorage.setItem('theme','{theme}')")
        return page
    Heartbeat.objects.update(seen_at=st[0].received_at)
    page = fresh(); log_in(page, rad, W); page.wait_for_timeout(500)
    page.locator("#rows tbody tr").first.hover()
    f.screened(f.study(home, patient_id="DEMO-1050", synthetic=True, age_years=3), .91)
    page.evaluate("htmx.trigger('#list', 'refresh')"); page.wait_for_timeout(700)
    shot(page, "offline-pill")
    page.keyboard.press("?"); page.wait_for_timeout(200); shot(page, "help"); page.keyboard.press("Escape")
    page.locator("details.menu summary").click(); shot(page, "menu"); page.keyboard.press("Escape")
    # two images
    f.claimed(st[4], rad); page.goto(f"/studies/{st[4].pk}/"); page.wait_for_timeout(700)
    page.keyboard.press("i"); page.keyboard.press("."); page.wait_for_timeout(500); shot(page, "two-images")
    f.join(st[4]); page.wait_for_timeout(4500)
    Study.objects.filter(pk=st[4].pk).update(claimed_until=st[4].received_at); reading.expire_claims()
    page.get_by_label("Comment").fill("Patchy opacity"); page.wait_for_timeout(1800)
    shot(page, "lost", full=size[0] < 400)
    f.read(st[1], rad, "absent", "Clear lungs, normal heart size."); page.goto(f"/studies/{st[1].pk}/"); page.wait_for_timeout(500)
    page.locator("summary", has_text="addendum").click(); shot(page, "addendum", full=size[0] < 400)
    page2 = fresh(); log_in(page2, tech, W); page2.goto(f"/studies/{st[2].pk}/"); page2.wait_for_timeout(400)
    page2.locator("summary", has_text="Change or withdraw").click(); page2.fill("#reason", "wrong patient"); page2.get_by_role("button", name="Withdraw").click(); page2.wait_for_timeout(500); shot(page2, "withdrawn")
    page2.goto("/studies/"); page2.fill("#words", "DEMO-10"); page2.get_by_role("button", name="Search").click(); page2.wait_for_timeout(300); shot(page2, "search")
    Study.objects.filter(status__in=["received","screened","unscreened"]).delete()
    page.goto("/worklist/"); page.wait_for_timeout(300); shot(page, "empty")

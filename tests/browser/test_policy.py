"""The Content-Security-Policy in a real browser: what it stops, and the pages besides those of tests/pages.py."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from portal.models import User
from tests.browser.test_accessibility import desk as desk
from tests.qbsync.desk import Desk
from tests.simulated import Simulator

FORBIDDEN = """async () => {
  const stopped = [];
  document.addEventListener("securitypolicyviolation", (event) => stopped.push(event.effectiveDirective));
  const add = (name, attributes, text) => {
    const element = Object.assign(document.createElement(name), attributes);
    element.textContent = text;
    document.body.append(element);
    return element;
  };
  add("script", {}, "window.ran = true");
  add("script", { src: "https://elsewhere.example/script.js" }, "");
  add("style", {}, "body { display: none }");
  add("p", {}, "").setAttribute("style", "color: red");
  add("button", {}, "").setAttribute("onclick", "window.ran = true");
  add("img", { src: "https://elsewhere.example/pixel.png" }, "");
  add("base", { href: "https://elsewhere.example/" }, "");
  add("iframe", { src: "https://elsewhere.example/" }, "");
  add("form", { action: "https://elsewhere.example/", method: "post" }, "").submit();
  await fetch("https://elsewhere.example/").catch(() => null);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const shown = getComputedStyle(document.body).display;
  return { stopped: [...new Set(stopped)].sort(), ran: window.ran === true, shown };
}"""
"""Puts into a page what an injection would; answers which rules stopped something, and whether anything ran."""


def test_what_an_injection_would_put_into_a_page_is_stopped(browser: Browser, site: str, db: None) -> None:
    context = browser.new_context(base_url=site)
    tab = context.new_page()
    tab.goto("/sign-in/")
    answer = tab.evaluate(FORBIDDEN)
    assert tab.url == f"{site}/sign-in/"
    context.close()
    assert answer["stopped"] == [
        "base-uri", "connect-src", "form-action", "frame-src", "img-src",
        "script-src-attr", "script-src-elem", "style-src-attr", "style-src-elem",
    ]  # fmt: skip
    assert not answer["ran"]
    assert answer["shown"] == "block"


def test_the_admin_site_works_under_the_policy(page: Page, desk: Desk, site: str) -> None:
    client = desk.sign_in(desk.olivia)
    ops = User.objects.create_superuser("ops@example.com", "secret", name="Otto Ops")
    client.force_login(ops)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    for address in (
        "/admin/",
        f"/admin/portal/user/{ops.pk}/change/",
        f"/admin/portal/firm/{desk.firm.pk}/change/",
        "/admin/portal/user/add/",
        "/admin/qbsync/accountsync/",
        "/admin/qbsync/historyentry/",
        f"/admin/qbsync/connection/{desk.connection.pk}/change/",
        f"/admin/portal/user/{ops.pk}/history/",
    ):
        answer = page.goto(address)
        assert answer and answer.status == 200, address
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    page.goto(f"/admin/portal/user/{ops.pk}/change/")
    page.get_by_label("Name").fill("Otto Operations")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("was changed successfully").wait_for()


def test_the_simulators_pages_work_under_theirs(page: Page, simulator: Simulator) -> None:
    company = f"/company/{simulator.company(Customer=[{'DisplayName': 'Acme'}])}"
    for address in ("/", "/log", company, f"{company}/customers", f"{company}/settings", f"{company}/faults"):
        answer = page.goto(simulator.url + address)
        assert answer and answer.status == 200, address
        assert "default-src 'self'" in answer.headers["content-security-policy"]

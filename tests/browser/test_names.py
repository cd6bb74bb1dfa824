"""Names as clients have them: long, right to left, with markup or emoji in them; the same words wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import redis
from playwright.sync_api import Page, expect

from tests.qbsync.desk import Desk, make_desk

NAMES = {
    "long": "The Extraordinarily Long Name of a Foundation for the Preservation of Historic Lighthouses of the "
    + "S" * 90,
    "right to left": "شركة النور للتجارة (1998)",
    "markup": "<b onclick=alert(1)>Bold</b> & \"Co\" <script>document.title = 'taken'</script>",
    "emoji": "🦊 Foxglove & Family 👩‍👩‍👧",
}


@pytest.fixture
def desk(transactional_db: None, broker: redis.Redis) -> Desk:
    """Olivia's firm, committed, so that the server sees it."""
    return make_desk()


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_is_the_same_in_list_tooltip_panel_and_dialog(
    page: Page, desk: Desk, sign_in: Callable[..., None], kind: str
) -> None:
    name = NAMES[kind]
    account = desk.failed(name)
    linked = desk.synced(f"{name} 2")
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in("olivia@firm.test", "secret")

    page.goto("/clients/accounts/")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))
    row.get_by_role("button", name="Failed").focus()
    tooltip = page.locator(f"#qb-tip-{account.pk}")
    expect(tooltip).to_contain_text(f'No exact match found for "{name}" in your QuickBooks account')
    expect(tooltip).to_be_in_viewport(ratio=1)
    _fits(page)

    page.goto(account.get_absolute_url())
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.locator("#quickbooks-panel")).to_contain_text(f'No exact match found for "{name}"')
    _fits(page)
    page.get_by_role("button", name=re.compile("^QuickBooks actions")).click()
    page.get_by_role("link", name="Do not sync this account").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("strong").first).to_have_text(name)
    _fits(page)

    page.goto(linked.get_absolute_url())
    expect(page.locator("#quickbooks-panel")).to_contain_text(f"Linked to the customer “{name} 2”")
    _fits(page)
    assert page.title() != "taken"
    assert page.locator("[onclick]").count() == 0


def _fits(page: Page) -> None:
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), f"{page.url} scrolls sideways"

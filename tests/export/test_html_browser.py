"""The HTML report in a headless Chromium: clicks, filter, languages, themes, keyboard, no error, no request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from support.bigapp import app_with, with_code
from support.browser import Page, chromium
from support.hostile import hostile_report

import sdkfp
from sdkfp import Catalog, Report
from sdkfp.disclosure import disclosure_paper, disclosure_rows, write_paper
from sdkfp.export.html import render_html

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.builtin()


@pytest.fixture(scope="module")
def report(catalog: Catalog) -> Report:
    return sdkfp.scan(app_with(catalog, with_code(catalog, 40)), catalog=catalog, name="shop.apk")


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium() as page:
        yield page


@pytest.fixture
def page(browser: Page, report: Report, catalog: Catalog, tmp_path: Path) -> Iterator[Page]:
    path = tmp_path / "report.html"
    path.write_text(render_html(report, catalog), "utf-8")
    browser.resize(1280, 900)
    browser.open(path)
    yield browser
    assert browser.errors() == []
    assert [url for url in browser.requests() if not url.startswith(("file:", "data:"))] == []


def show_graph(page: Page) -> None:
    page.run("document.getElementById('graph').scrollIntoView()")
    page.wait("return document.querySelectorAll('#picture .node').length > 0")


def test_it_opens_within_a_second(page: Page, report: Report, catalog: Catalog, tmp_path: Path) -> None:
    times = [page.open(tmp_path / "report.html") for _ in range(5)]
    assert min(times) < 1000
    assert len(page.texts(".card h3")) == len(report.sdks)


def test_the_filter_shows_what_meets_it(page: Page, report: Report) -> None:
    sdk = report.sdks[7]
    field = page.driver.find_element("id", "filter")
    field.send_keys(sdk.name.en.upper())
    shown = page.texts(".card h3")
    assert 0 < len(shown) < len(report.sdks)
    assert any(sdk.name.en in name for name in shown)
    assert page.texts("#shown") == [f"{len(shown)} of {len(report.sdks)} shown"]
    field.clear()
    field.send_keys("nothing at all like this")
    assert page.texts(".card") == []
    assert page.texts("#no-match") == ["Nothing meets the filter."]


def test_categories_and_types_filter_too(page: Page, report: Report) -> None:
    number = sum("push" in sdk.categories for sdk in report.sdks)
    choice = next(o for o in page.driver.find_elements("css selector", "#category option") if o.text.startswith("Push"))
    choice.click()
    assert len(page.texts(".card")) == number > 0
    page.run("document.getElementById('category').value = ''")
    page.driver.find_element("id", "filter").send_keys("location_precise")
    wanted = {sdk.id for sdk in report.sdks if any(claim.type == "location_precise" for claim in sdk.collects)}
    assert len(page.texts(".card")) == len(wanted) > 0


def test_the_language_changes_everywhere(page: Page) -> None:
    assert page.texts("#sdks h2") == ["SDKs"]
    page.driver.find_element("css selector", "[data-language=zh]").click()
    assert page.texts("#information h2") == ["个人信息"]
    assert page.run("return document.documentElement.lang") == "zh"
    assert "筛选" in (page.driver.find_element("id", "filter").get_attribute("placeholder") or "")
    assert page.driver.find_element("css selector", "#category option").text == "全部类别"
    assert page.texts("#shown")[0].startswith("显示")
    english = "return [...document.querySelectorAll('main [lang=en]')].filter(e => e.checkVisibility()).length"
    assert page.run(english) == 0
    page.driver.find_element("css selector", "[data-language=en]").click()
    assert page.texts("#information h2") == ["Personal information"]


def test_light_and_dark_are_readable(page: Page) -> None:
    contrast = """
        const light = (text) => { const c = text.match(/[\\d.]+/g).map(Number).slice(0, 3).map((v) => v / 255)
            .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; };
        return [".card h3", ".sub", ".chips .declared", ".badge", ".meaning", ".sections a", "summary"].map((selector) => {
            const element = document.querySelector(selector);
            let ground = element;
            while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
            const [a, b] = [light(getComputedStyle(element).color), light(getComputedStyle(ground).backgroundColor)];
            return [selector, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]; });
    """
    for theme in ("light", "dark"):
        page.driver.find_element("css selector", f"button[data-theme={theme}]").click()
        found = page.run(contrast)
        assert isinstance(found, list)
        for selector, ratio in found:
            assert ratio >= 4.5, f"{selector} in {theme}"


def test_evidence_folds_out_and_in(page: Page) -> None:
    assert page.texts(".card table") == []
    page.driver.find_element("css selector", ".card summary").click()
    assert len(page.texts(".card:first-child table")) >= 2
    button = page.driver.find_element("id", "unfold")
    button.click()
    assert page.run("return document.querySelectorAll('.card details:not([open])').length") == 0
    button.click()
    assert page.run("return document.querySelectorAll('.card details[open]').length") == 0


def test_the_graph_is_drawn_and_a_node_tells_its_relations(page: Page, report: Report) -> None:
    show_graph(page)
    page.run(
        "document.querySelector('#types input[value=embeds]').checked || document.querySelector('#types input[value=embeds]').click()"
    )
    drawn = page.run("return document.querySelectorAll('#picture .node').length")
    assert isinstance(drawn, int)
    assert drawn > 20
    name = page.run("""
        const node = document.querySelector('#picture .node.sdk');
        node.dispatchEvent(new MouseEvent('click', {bubbles: true}));
        return document.querySelector('#details h3').innerText;
    """)
    assert name in {sdk.name.en for sdk in report.sdks}
    assert page.texts("#details h4")
    assert page.run("return document.querySelector('#picture').classList.contains('chosen')") is True
    page.driver.find_element("css selector", "#details a").click()
    assert page.run("return document.activeElement.classList.contains('card')") is True


def test_the_graph_by_keyboard(page: Page) -> None:
    show_graph(page)
    picture = page.driver.find_element("id", "picture")
    before = page.run("return document.getElementById('picture').getAttribute('viewBox')")
    page.run("document.getElementById('picture').focus()")
    picture.send_keys("+")
    assert page.run("return document.getElementById('picture').getAttribute('viewBox')") != before
    picture.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ENTER)
    assert len(page.texts("#details h3")) == 1
    picture.send_keys(Keys.ESCAPE)
    assert page.texts("#details") == ["Select a node to see its relations and their evidence."]


OVERLAPS = """
    const boxes = [...document.querySelectorAll('#picture text')].map((e) => e.getBoundingClientRect());
    return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)).length;
"""
OUTSIDE = """
    const whole = document.getElementById('picture').getBoundingClientRect();
    return [...document.querySelectorAll('#picture text')].filter((e) => { const box = e.getBoundingClientRect();
        return box.left < whole.left || box.right > whole.right || box.top < whole.top || box.bottom > whole.bottom; }).length;
"""


def test_the_graph_of_a_real_app_can_be_read(
    page: Page, catalog: Catalog, tmp_path: Path, real_app: Callable[[str], Path]
) -> None:
    """Labels lie neither on each other nor outside, in both languages; the app's own code stands between the others."""
    path = tmp_path / "real.html"
    path.write_text(render_html(sdkfp.scan(real_app("yosemite-1.4.3"), catalog=catalog), catalog), "utf-8")
    page.open(path)
    show_graph(page)
    for language in ("en", "zh"):
        page.driver.find_element("css selector", f"[data-language={language}]").click()
        assert (page.run(OVERLAPS), page.run(OUTSIDE)) == (0, 0)
    assert len(page.texts(".arrows > span")) == 3
    sides = page.run("""
        const middle = (e) => { const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; };
        const [x, y] = middle(document.querySelector('#picture .node.app'));
        const others = [...document.querySelectorAll('#picture .node:not(.app)')].map(middle);
        return [(o) => o[0] < x, (o) => o[0] > x, (o) => o[1] < y, (o) => o[1] > y]
            .map((side) => others.filter(side).length / others.length);
    """)
    assert isinstance(sides, list)
    assert min(sides) > 0.2
    page.driver.find_element("css selector", "#groups input[value=base]").click()
    page.driver.find_element("id", "zoom-whole").click()
    assert (page.run(OVERLAPS), page.run(OUTSIDE)) == (0, 0), "also with its base libraries"


def test_a_small_window_shows_labels_that_can_be_read(page: Page) -> None:
    page.resize(390, 844)
    show_graph(page)
    height = page.run("return document.querySelector('#picture text').getBoundingClientRect().height")
    assert isinstance(height, int | float)
    assert height >= 9
    page.driver.find_element("id", "zoom-whole").click()
    assert page.run(OUTSIDE) == 0


def test_labels_of_the_graph_do_not_lie_on_each_other(page: Page) -> None:
    show_graph(page)
    assert page.run(OVERLAPS) == 0


def test_a_card_leads_to_the_graph_and_a_row_of_the_matrix_to_a_card(page: Page) -> None:
    page.driver.find_element("css selector", ".card .to-graph").click()
    assert page.texts("#details h3") == page.texts(".card:first-child h3 > :first-child")[:1]
    page.driver.find_element("id", "filter").send_keys("nothing at all like this")
    page.run("document.querySelector('.matrix tbody a').click()")
    page.wait("return document.activeElement.matches('.card')")
    assert page.run("return document.getElementById('filter').value") == ""


def test_everything_is_reached_by_the_tab_key(page: Page) -> None:
    page.run("document.querySelector('.skip').focus()")
    reached = set()
    for _ in range(30):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(
            page.run(
                "const e = document.activeElement; return e.id || e.dataset.language || e.dataset.theme || e.hash || e.tagName"
            )
        )
    assert {
        "en",
        "zh",
        "light",
        "dark",
        "print",
        "#graph",
        "filter",
        "category",
        "only-information",
        "unfold",
        "SUMMARY",
    } <= reached


def test_print_has_everything_unfolded_and_light(page: Page) -> None:
    page.driver.find_element("css selector", "button[data-theme=dark]").click()
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    assert page.run("return document.querySelectorAll('details:not([open])').length") == 0
    assert page.run("return document.documentElement.dataset.theme") == "light"
    assert page.run("return document.querySelectorAll('#picture .node').length") != 0
    page.run("window.dispatchEvent(new Event('afterprint'))")
    assert page.run("return document.querySelectorAll('.card details[open]').length") == 0
    assert page.run("return document.documentElement.dataset.theme") == "dark"


def test_a_narrow_window_does_not_scroll_sideways(page: Page) -> None:
    page.resize(390, 800)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth") is True


def test_the_list_for_a_policy_fits_a_narrow_window(
    page: Page, report: Report, catalog: Catalog, tmp_path: Path
) -> None:
    path = tmp_path / "list.html"
    path.write_bytes(write_paper(disclosure_paper(disclosure_rows(report, catalog), report, catalog), "html"))
    page.resize(390, 844)
    page.open(path)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth") is True
    assert page.run("return [...document.querySelectorAll('td')].every((e) => e.scrollWidth <= e.clientWidth)") is True
    label = "return getComputedStyle(document.querySelector('td:nth-child(2)'), '::before').content"
    assert page.run(label) == '"Package"'


def test_hostile_texts_do_nothing(page: Page, report: Report, catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(render_html(hostile_report(report), catalog), "utf-8")
    page.open(path)
    page.run("document.getElementById('unfold').click()")
    show_graph(page)
    page.driver.find_element("css selector", "[data-language=zh]").click()
    assert page.run("return document.querySelectorAll('img').length") == 0
    assert page.run("return document.documentElement.scrollWidth <= innerWidth") is True

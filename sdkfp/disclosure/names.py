"""Finds the SDKs of a catalog in the text of a policy: by names, aliases, brands and package names, not by look-alikes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdkfp.disclosure.folding import Folded, Hit, WordIndex, blank, count_cjk, fold, is_cjk
from sdkfp.features import Kind

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.signature import Signature

__all__ = ["Met", "NameIndex", "packages_in"]

_BRACKETS = re.compile(r"[((][^()()]*[))]")
_SDK = re.compile(r"(?i)\bsdk\b|sdk$|^sdk")
_FEWEST = 2
_PACKAGE = re.compile(r"(?<![\w./@-])[a-z][a-z0-9_]{0,30}(?:\.[a-zA-Z_][\w$]{0,40}){1,8}(?:\.\*)?(?![\w/@-])")
_ROOT = re.compile(
    r"com|cn|org|net|io|me|tv|im|app|dev|co|de|fr|jp|kr|ru|uk|us|ai|cc|pl|androidx|kotlinx?|javax|okhttp3|retrofit2|okio"
)
_NO_PACKAGE = re.compile(r"(?i)com|cn|org|net|io|me|tv|cc|html?|js|json|xml|php|aspx|jsp|md|pdf")
_NOT_SDKS = ("android.permission.", "com.android.", "android.", "java.")

# What stands around a name without being part of another one.
_AFTER = re.compile(
    r"(?i)\s?(?:sdk|android|ios|library|libraries|lib|framework|analytics|push|core|api|apis|plugin|kit|inc|for|and|ads|maps?|login|service|"
    r"services|open\s?sdk|及|和|与|或|的|版|库|图库|插件|组件|框架|平台|推送|统计|登录|分享|支付|地图|定位|广告|服务|安全|编解码|开源|授权|$)"
)
_CONTEXT = re.compile(
    r"(?i)sdk|第三方|三方|合作伙伴|合作方|服务商|供应商|服务提供|集成|接入|嵌入|开源|third[- ]part|partner|provider|librar|integrat|vendor"
)
_PRODUCT = re.compile(
    r"账号|帐号|账户|帐户|用户|好友|小程序|公众号|钱包|余额|客户端(?!SDK)|号码?(?:[,,;、]|$)| account| user"
)
"""Behind a name: what its maker offers to people is meant, not the SDK."""
_ENUMERATED = re.compile(r"[,,、;/|和及与]|\band\b|\bor\b")


@dataclass(frozen=True, slots=True)
class Met:
    """SDKs that a text names, and by what."""

    sdks: tuple[str, ...]
    word: str
    """The name, alias, brand or package."""
    kind: str
    """``name``, ``brand`` or ``package``."""


@dataclass(frozen=True, slots=True)
class _Named:
    sdks: tuple[str, ...]
    brand: bool


class NameIndex:
    """The names of all SDKs of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        words: list[tuple[str, _Named]] = []
        for signature in catalog:
            words += [(word, _Named((signature.id,), brand=False)) for word in _words(signature)]
        of_organization: dict[str, list[str]] = {}
        for signature in catalog:
            if signature.organization:
                of_organization.setdefault(signature.organization, []).append(signature.id)
        self._of_organization = of_organization
        for organization, sdks in of_organization.items():
            if organization in catalog.organizations:
                aliases = catalog.organizations[organization].aliases
                words += [(alias, _Named(tuple(sdks), brand=True)) for alias in aliases]
        self._index: WordIndex[_Named] = WordIndex(words)
        legal = [
            (name, organization.id)
            for organization in catalog.organizations.values()
            for name in (organization.name.en, organization.name.zh)
            if name and (count_cjk(name) > 3 or len(name) > 8)
        ]
        self._organizations: WordIndex[str] = WordIndex(legal)
        self._types = {fold(word).lower for own in catalog.vocabulary.policy.types.values() for word in own}

    def is_name(self, text: str) -> bool:
        """The text is little more than the name of an SDK."""
        folded = fold(blank(_BRACKETS.sub(" ", text)))
        hits = [h for h in self._index.find(folded) if _stands_alone(folded, h) and not self._is_type(folded, h)]
        if not hits:
            return False
        rest = len(folded.text) - sum(hit.end - hit.start for hit in hits)
        rest -= sum(
            len(found)
            for found in re.findall(
                r"(?i)sdk|android|ios|推送|统计|登录|分享|支付|地图|定位|广告|服务|客户端|开放平台|端|仅|\W",
                folded.text,
            )
        )
        return rest <= 4

    def _is_type(self, text: Folded, hit: Hit[_Named]) -> bool:
        """The word is rather a type of personal information (OAID), unless ``SDK`` stands behind it."""
        return text.lower[hit.start : hit.end] in self._types and not text.lower[hit.end :].lstrip().startswith("sdk")

    def leading(self, text: str) -> str | None:
        """The name of an SDK that the text begins with, as a printed row of a table does."""
        folded = fold(blank(text))
        first = next(iter(self._index.find(folded)), None)
        if first is None or first.start or self._is_type(folded, first):
            return None
        if not (_strong(first) or _stands_alone(folded, first)):
            return None
        return folded.text[: first.end]

    def in_name(self, text: str) -> list[Met]:
        """The SDKs that a text names which stands where a name does: in a name's column, or above a list's entry."""
        found = [*self.in_packages(text)]
        folded = fold(blank(text))
        hits = [hit for hit in self._index.find(folded) if _strong(hit) or _stands_alone(folded, hit)]
        products = [hit for hit in hits if not hit.value.brand]
        found += [Met(hit.value.sdks, hit.word, "name") for hit in products]
        if not found:
            found += [Met(hit.value.sdks, hit.word, "brand") for hit in hits if hit.value.brand]
        return found

    def in_sentence(self, text: str) -> list[Met]:
        """The SDKs that a sentence names: distinctive names, others only with ``SDK`` beside them or among such names."""
        found = [*self.in_packages(text)]
        if not _CONTEXT.search(text):
            return found
        folded = fold(blank(text))
        hits = self._index.find(folded)
        hits = [hit for hit in hits if not _PRODUCT.match(folded.text[hit.end :])]
        sure = [hit for hit in hits if (_strong(hit) and not hit.value.brand) or _is_called_sdk(folded, hit)]
        for hit in hits:
            enumerated = hit.exact and not hit.value.brand and _stands_alone(folded, hit) and _beside(folded, hit, sure)
            if hit in sure or enumerated:
                found.append(Met(hit.value.sdks, hit.word, "brand" if hit.value.brand else "name"))
        return found

    def in_packages(self, text: str) -> list[Met]:
        """The SDKs that own the package names of a text."""
        found = []
        for package in packages_in(text):
            owner = self._catalog.index.class_owner(f"{package}.X") or self._catalog.index.class_owner(package)
            if owner is not None:
                signature = self._catalog.index.signatures[owner.signature]
                found.append(Met((signature.id,), package, "package"))
        return found

    def below_package(self, package: str) -> tuple[str, ...]:
        """The SDKs that have a class prefix below a package name; the name is then shorter than theirs."""
        start = f"{package}."
        return tuple(
            signature.id
            for signature in self._catalog
            if any(clue.kind is Kind.CLASS and clue.name.startswith(start) for clue in signature.clues)
        )

    def organizations_in(self, text: str) -> tuple[str, ...]:
        """The organizations whose full names a text has."""
        return tuple(dict.fromkeys(hit.value for hit in self._organizations.find(fold(text))))


def _words(signature: Signature) -> Iterator[str]:
    """Every way in which a signature says its name: as it is, without what is in brackets, and without ``SDK``."""
    for name in (signature.name.zh, signature.name.en, *signature.aliases):
        if not name:
            continue
        yield name
        short = _BRACKETS.sub(" ", name)
        for form in (short, _SDK.sub(" ", name), _SDK.sub(" ", short)):
            plain = " ".join(form.split())
            if len(plain) >= _FEWEST and (count_cjk(plain) > 1 or len(plain) > 3) and plain != name:
                yield plain


def packages_in(text: str) -> list[str]:
    """Package names in a text; web domains and permissions are none."""
    found = []
    for match in _PACKAGE.finditer(re.sub(r"https?://\S+", " ", text)):
        package = match[0].removesuffix(".*")
        first, _, rest = package.partition(".")
        last = rest.rpartition(".")[2] or rest
        if package.startswith(_NOT_SDKS) or (not _ROOT.fullmatch(first) and _NO_PACKAGE.fullmatch(last)):
            continue
        if _ROOT.fullmatch(first) or package.count(".") > 1:
            found.append(package)
    return list(dict.fromkeys(found))


def _strong(hit: Hit[_Named]) -> bool:
    """The word alone says which SDK is meant: four Chinese characters, or Latin letters that no ordinary word looks like."""
    word = hit.word
    cjk = count_cjk(word)
    if cjk >= 3 or (cjk and len(word) >= 4):
        return True
    if cjk or not hit.exact or len(word) < 4:
        return False
    inner = any(char.isupper() or char.isdigit() for char in word[1:])
    return inner and (" " in word or not word.isupper())


def _stands_alone(text: Folded, hit: Hit[_Named]) -> bool:
    """The word is no part of a longer name: nothing before it, or what separates; after it nothing, or what such names go on with."""
    before = text.lower[: hit.start]
    if before and not _separates(before):
        return False
    after = text.text[hit.end :]
    return not after or not (after[0] == " " or is_cjk(after[0]) or after[0].isalnum()) or bool(_AFTER.match(after))


def _separates(before: str) -> bool:
    last = before.rstrip()[-1:]
    if not last or not (last.isalnum() or is_cjk(last)):
        return True
    return before.endswith(
        (
            "及",
            "和",
            "与",
            "或",
            "含",
            "、",
            "使用",
            "集成",
            "接入",
            "腾讯",
            "阿里",
            "阿里云",
            "华为",
            "百度",
            "tencent ",
            "google ",
            "sdk ",
            " and ",
            " or ",
        )
    )


def _is_called_sdk(text: Folded, hit: Hit[_Named]) -> bool:
    """``SDK`` stands right behind or before the word, and the word is no part of a longer name."""
    after = text.lower[hit.end : hit.end + 8].lstrip(" +")
    if not after.startswith("sdk") and not re.match(r"open\s?sdk", after):
        return False
    before = text.lower[: hit.start]
    if not before or is_cjk(hit.word[0]):
        return True
    last = before[-1]
    return not (last == " " and before.rstrip()[-1:].isascii() and before.rstrip()[-1:].isalnum()) or before.endswith(
        ("the ", " and ", " or ", " use ", "tencent ", "google ", " with ", " integrates ", " uses ")
    )


def _beside(text: Folded, hit: Hit[_Named], others: Iterable[Hit[_Named]]) -> bool:
    """Only what enumerates stands between the word and another one."""
    for other in others:
        if other is hit:
            continue
        first, second = sorted((hit, other), key=lambda h: h.start)
        between = text.lower[first.end : second.start]
        if len(between) <= 12 and _ENUMERATED.search(between):
            return True
    return False

"""What people say of a layer in the data catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Metadata:
    """A layer's entry in the data catalogue (数据资源目录), beside its titles, class and area.

    code: resource code 资源代码; theme 主题; owner: department 责任部门; frequency: of renewal;
    licence: a name or an address; contact: a person's or desk's address; keywords by commas;
    key: the column that names a feature.
    """

    abstract_zh: str = ""
    abstract_en: str = ""
    code: str = ""
    theme: str = ""
    owner: str = ""
    frequency: str = ""
    licence: str = ""
    contact: str = ""
    keywords_zh: str = ""
    keywords_en: str = ""
    key: str = ""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """From how it is stored; what this version does not know is left out."""
        return cls(**{one.name: str(stored.get(one.name, "")) for one in fields(cls)})

    def abstract(self, language: str) -> str:
        """The abstract in zh or en, falling back on the other."""
        first, second = self.abstract_zh, self.abstract_en
        return (second or first) if language.startswith("en") else (first or second)

    def keywords(self, language: str) -> list[str]:
        """The keywords in zh or en."""
        text = self.keywords_en if language.startswith("en") else self.keywords_zh
        return [word.strip() for word in text.replace("，", ",").split(",") if word.strip()]

    @property
    def licence_url(self) -> str:
        """The licence, where it is given by its address."""
        return self.licence if self.licence.startswith(("https://", "http://")) else ""

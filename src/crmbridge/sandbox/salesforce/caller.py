"""Who calls, and with which headers that change how a write behaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The user behind a token and what the request asks for."""

    user_id: str
    #: API version of the path: "62.0".
    version: str
    #: Names in lower case.
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Scheme and host as the client named them.
    origin: str = ""

    @property
    def base(self) -> str:
        """Path that begins every resource of this version."""
        return f"/services/data/v{self.version}"

    @property
    def assigns(self) -> bool:
        """Whether an active assignment rule runs: it does unless the header says FALSE."""
        return self.headers.get("sforce-auto-assign", "TRUE").strip().upper() != "FALSE"

    @property
    def saves_duplicates(self) -> bool:
        """Whether the caller passes duplicate rules that only alert."""
        return "allowsave=true" in self.headers.get("sforce-duplicate-rule-header", "").lower().replace(
            " ", ""
        )

    @property
    def batch_size(self) -> int:
        """Rows a query page should have; the service keeps it between 200 and 2,000."""
        text = self.headers.get("sforce-query-options", "").lower().replace(" ", "")
        size = text.partition("batchsize=")[2].partition(",")[0]
        return min(max(int(size), 200), 2000) if size.isdecimal() and len(size) < 9 else 2000

"""Owns what one company is set to: its answers to open questions, throttles, latency, planned faults, webhooks."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from .store import Store


@dataclass
class Options:
    """Which answer the company plays where Intuit's is not known; each default is the likelier one."""

    name_equality: str = "insensitive"  # or "sensitive": how = and LIKE compare text in queries
    name_uniqueness: str = "insensitive"  # or "sensitive": what 6240 calls the same name
    forbidden_character_code: str = "2040"  # or "6000"
    inactive_reference_code: str = "2500"  # or "610"
    replay_faults: bool = True  # whether a refused write's answer is replayed for its requestid
    batch_replay: bool = True  # whether a repeated batch is replayed; False executes it again
    requestid_expiry_s: float = 0.0  # 0 keeps requestids for ever
    refresh_rotation: str = "daily"  # or "always": a new refresh token at each refresh, the old one dead
    throttle_body: str = "json"  # or "xml", "envelope"
    merged_read: str = "inactive"  # or "gone": what a read of a merged-away customer answers
    deactivate_with_balance: str = "allow"  # or "refuse"
    void_paid_invoice: str = "unapply"  # or "refuse"
    non_latin_names: str = "accept"  # or "refuse", as in a US company limited to ISO-8859-1
    over_application: str = "refuse"  # or "trim": a payment line larger than what the invoice still owes
    monthly_reads: int = 0  # metered reads before the Builder tier's quota answers 429; 0 has no quota

    def change(self, values: dict[str, Any]) -> None:
        """Set options by name. Raises `ValueError` naming the first that does not exist or has a wrong type."""
        for name, value in values.items():
            if name not in asdict(self):
                raise ValueError(f"there is no option {name!r}; the options are {', '.join(asdict(self))}")
            current = getattr(self, name)
            kinds = (
                (int, float) if isinstance(current, int | float) and not isinstance(current, bool) else type(current)
            )
            if not isinstance(value, kinds):
                raise ValueError(f"option {name!r} takes a value like {current!r}, not {value!r}")
            setattr(self, name, value)


@dataclass
class Company:
    """One company's settings, cached in memory and stored as one JSON text."""

    realm: str
    name: str
    zone_name: str = "America/Los_Angeles"
    country: str = "US"
    options: Options = field(default_factory=Options)
    throttle_scale: float = 1.0
    request_ms: float = 0.0
    batch_item_ms: float = 0.0
    webhook: dict[str, Any] = field(default_factory=dict)
    planned: list[dict[str, Any]] = field(default_factory=list)
    billing_lapsed: bool = False

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.zone_name)
        self.preferences: dict[str, Any] = {}

    def save(self, store: Store) -> None:
        """Write the settings, within the caller's transaction or in one of its own."""
        settings = {name: value for name, value in asdict(self).items() if name not in ("realm", "name")}
        store.db.execute(
            "INSERT OR REPLACE INTO company VALUES (?, ?, ?)", (self.realm, self.name, json.dumps(settings))
        )


class Companies:
    """Every company of the process, read from the store on first use."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.known: dict[str, Company] = {}
        for realm, name, settings in store.db.execute("SELECT realm, name, settings FROM company ORDER BY rowid"):
            self.known[realm] = _company(realm, name, json.loads(settings))
            self.refresh_preferences(self.known[realm])

    def refresh_preferences(self, company: Company) -> None:
        """Re-read the Preferences entity, which many rules depend on."""
        row = self.store.get(company.realm, "Preferences", 1)
        company.preferences = row.body if row else {}

    def add(self, company: Company) -> None:
        """Take in a new company."""
        company.save(self.store)
        self.known[company.realm] = company


def _company(realm: str, name: str, settings: dict[str, Any]) -> Company:
    options = Options(**settings.pop("options"))
    return Company(realm, name, options=options, **settings)

"""Owns what one company is set to: its answers to open questions, throttles, latency, planned faults, webhooks."""

import json
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from .store import Store

_CHOICES: dict[str, tuple[str, ...]] = {
    "name_equality": ("insensitive", "folded", "sensitive"), "name_uniqueness": ("insensitive", "sensitive"),
    "inactive_name": ("free", "blocked"), "forbidden_character_code": ("2040", "6000"),
    "inactive_reference_code": ("2500", "610"), "other_body": ("replay", "refuse"),
    "refresh_rotation": ("daily", "always"), "throttle_body": ("json", "xml", "envelope"),
    "merged_read": ("inactive", "gone"), "deactivate_with_balance": ("allow", "refuse"),
    "void_paid_invoice": ("unapply", "refuse"), "non_latin_names": ("accept", "refuse"),
    "over_application": ("refuse", "trim"), "automated_tax": ("keep", "recompute"),
}  # fmt: skip


@dataclass
class Options:
    """Which answer the company plays where Intuit's is not known; each default is the likelier one.

    The README says what each of them decides; those with few values have them in `_CHOICES`.
    """

    name_equality: str = "insensitive"
    name_uniqueness: str = "insensitive"
    inactive_name: str = "free"
    forbidden_character_code: str = "2040"
    inactive_reference_code: str = "2500"
    replay_faults: bool = True
    batch_replay: bool = True
    other_body: str = "replay"
    requestid_expiry_s: float = 0.0
    refresh_rotation: str = "daily"
    throttle_body: str = "json"
    retry_after_s: int = 0
    merged_read: str = "inactive"
    deactivate_with_balance: str = "allow"
    void_paid_invoice: str = "unapply"
    non_latin_names: str = "accept"
    over_application: str = "refuse"
    automated_tax: str = "keep"
    monthly_reads: int = 0
    grant_lifetime_s: float = 0.0

    def change(self, values: dict[str, Any]) -> None:
        """Set options by name. Raises `ValueError` naming the first that does not exist or cannot have its value."""
        for name, value in values.items():
            if name not in asdict(self):
                raise ValueError(f"there is no option {name!r}; the options are {', '.join(asdict(self))}")
            current = getattr(self, name)
            if name in _CHOICES and value not in _CHOICES[name]:
                raise ValueError(f"option {name!r} is one of {', '.join(_CHOICES[name])}, not {value!r}")
            number = isinstance(current, int | float) and not isinstance(current, bool)
            fits = isinstance(value, int | float | Decimal) and not isinstance(value, bool) and value >= 0
            if not (fits if number else isinstance(value, type(current))):
                raise ValueError(f"option {name!r} takes a value like {current!r}, not {value!r}")
            setattr(self, name, float(value) if isinstance(current, float) else value)


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
        self.user_id = f"{int(self.realm) + 32}"  # of the one person who connects clients to it

    def save(self, store: Store) -> None:
        """Write the settings, within the caller's transaction or in one of its own."""
        settings = {name: value for name, value in asdict(self).items() if name not in ("realm", "name")}
        store.db.execute(
            "INSERT INTO company VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET name = excluded.name, settings = excluded.settings",
            (self.realm, self.name, json.dumps(settings)),
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
    chosen = settings.pop("options")
    options = Options(**{each.name: chosen[each.name] for each in fields(Options) if each.name in chosen})
    return Company(realm, name, options=options, **settings)

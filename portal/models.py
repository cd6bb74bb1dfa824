"""Who uses the portal: people, the firms they work for, and the role they have there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4
from zoneinfo import available_timezones

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.isolation import FirmOwned


def validate_time_zone(value: str) -> None:
    """Refuse a name that is not in the time zone database.

    Raises:
        ValidationError: the name is unknown.
    """
    if value not in available_timezones():
        raise ValidationError(f"“{value}” is not a time zone, such as America/New_York.")


class UserManager(BaseUserManager["User"]):
    """Makes users that sign in by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Return a saved user; the address is kept in lower case, because people type it either way."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Return a saved user who may use the admin site."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the user of this address, in whatever case it was typed."""
        return self.get(email__iexact=username)


class User(AbstractUser):
    """A person. What they may do is said by their memberships, firm by firm."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=150)
    # How often all their sessions were ended. It is part of what a session is checked by, so that none outlives it,
    # wherever a copy of it is
    sessions_ended = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_in_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """Return the person's name, as the admin site shows it."""
        return self.name

    def get_short_name(self) -> str:
        """Return the first word of the person's name."""
        return self.name.split(" ")[0]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session is checked by: Django's own until the sessions of this person were ended for the first time,
        so that nobody was signed out when this came."""
        if not self.sessions_ended:
            return super()._get_session_auth_hash(secret)  # type: ignore[misc]
        told = f"{self.sessions_ended}:{self.password}"
        return salted_hmac("portal.models.User.sessions", told, secret=secret, algorithm="sha256").hexdigest()


class Firm(FirmOwned):
    """An accounting firm: the tenant. Nothing of one firm is ever visible to another."""

    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="America/New_York", validators=[validate_time_zone])
    currency = models.CharField(max_length=3, default="USD")
    requires_two_factor = models.BooleanField(
        "Require two-factor sign-in",
        default=False,
        help_text="People without it are led to set it up before they see anything of the firm.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(User, through="Membership", related_name="firms")

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a person is in a firm; each can do all that the next one can."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    EMPLOYEE = "employee", "Employee"

    @property
    def rank(self) -> int:
        """How much the role may: a greater one may more."""
        return {Role.OWNER: 2, Role.ADMIN: 1, Role.EMPLOYEE: 0}[self]


class Membership(FirmOwned):
    """One person's place in one firm."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.EMPLOYEE)
    view_all_accounts = models.BooleanField(
        "View all accounts",
        default=False,
        help_text="An employee without this sees only the accounts they are assigned to.",
    )
    # Columns of the list of accounts that this person does not want to see; accounts.columns knows them
    hidden_columns = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "firm"], name="membership_one_per_person_and_firm"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()} of {self.firm})"

    @property
    def must_set_up_two_factor(self) -> bool:
        """Whether the firm insists on two-factor sign-in and the person has none; known of a request's membership."""
        return bool(getattr(self, "lacks_two_factor", False))

    @property
    def is_owner(self) -> bool:
        """Whether this person may connect and disconnect QuickBooks."""
        return self.role == Role.OWNER

    @property
    def may_manage(self) -> bool:
        """Whether this person may change accounts and sync or unsync them: owners and admins."""
        return self.role in (Role.OWNER, Role.ADMIN)

    @property
    def sees_all_accounts(self) -> bool:
        """Whether no account of the firm is hidden from this person."""
        return self.may_manage or self.view_all_accounts


INVITATION_LASTS = timedelta(days=7)


def _in_a_week() -> datetime:
    return timezone.now() + INVITATION_LASTS


class Invitation(FirmOwned):
    """A place in a firm that waits for the person of one e-mail address. It is taken once, and within a week.

    A revoked invitation is deleted; an accepted one stays, so that its link can say that it was used.
    """

    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail address")  # in lower case
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.EMPLOYEE)
    view_all_accounts = models.BooleanField("View all accounts", default=False)
    # What the link carries, signed; sending again changes it, so that only the latest e-mail works
    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)  # empty while the mail server has not taken the e-mail
    expires_at = models.DateTimeField(default=_in_a_week)
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "firm", Lower("email"), condition=models.Q(accepted_at=None), name="invitation_one_open_per_address"
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email} at {self.firm}"

    @property
    def is_expired(self) -> bool:
        """Whether its week is over."""
        return self.expires_at <= timezone.now()


class TeamEvent(FirmOwned):
    """One thing that happened to the team of a firm, or to how one of its people signs in.

    It is append-only: a trigger refuses every UPDATE and DELETE (migration 0007).
    """

    class Kind(models.TextChoices):
        """What happened. ``portal.team_wording`` has the sentences."""

        INVITED = "invited", "Invited"
        INVITED_AGAIN = "invited_again", "Invited again"
        INVITATION_REVOKED = "invitation_revoked", "Invitation revoked"
        JOINED = "joined", "Joined"
        ADDED = "added", "Added"
        ROLE_CHANGED = "role_changed", "Role changed"
        VIEW_CHANGED = "view_changed", "View all accounts changed"
        REMOVED = "removed", "Removed"
        TWO_FACTOR_REQUIRED = "two_factor_required", "Two-factor sign-in required"
        TWO_FACTOR_NOT_REQUIRED = "two_factor_not_required", "Two-factor sign-in no longer required"
        TWO_FACTOR_SET_UP = "two_factor_set_up", "Two-factor sign-in set up"
        TWO_FACTOR_TURNED_OFF = "two_factor_turned_off", "Two-factor sign-in turned off"
        TWO_FACTOR_RESET = "two_factor_reset", "Two-factor sign-in reset"
        PASSWORD_CHANGED = "password_changed", "Password changed"
        PASSWORD_REPLACED = "password_replaced", "Forgotten password replaced"

    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="team_history")
    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=32, choices=Kind.choices)
    # Who did it, and to whom; of JOINED, who had invited them. Empty once that person's sign-in was deleted
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    person = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    by_operator = models.BooleanField(default=False)  # by whoever runs the portal, whom the firm does not know
    email = models.EmailField(blank=True)  # of an invitation
    before = models.CharField(max_length=10, choices=Role.choices, blank=True)
    after = models.CharField(max_length=10, choices=Role.choices, blank=True)
    view_all_accounts = models.BooleanField(null=True)  # empty where it is not about that

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["firm", "-id"], name="team_history_of_firm")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.kind}"


class Backup(models.Model):
    """A backup of the whole database. It goes into the backup itself, and there it never ends: so a database that was
    restored tells what it is (see ``portal.backups``)."""

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Backup of {self.started_at:%Y-%m-%d %H:%M}"


class SentForm(models.Model):
    """The key of a form that recorded something; ``portal.once`` lets it count once, and forgets it after a week."""

    key = models.UUIDField(primary_key=True)
    sent_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.key}, sent at {self.sent_at:%Y-%m-%d %H:%M}"

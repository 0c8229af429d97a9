"""One user model for platform staff and client people (SPEC X1)."""

import unicodedata
import uuid
from functools import cached_property
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models.tenant import Kind
from accounts.tenancy import TenantManager, TenantModel


def normalise_name(name: str) -> str:
    """The one spelling of a sign-in name: NFKC, case folded, trimmed. Look-alikes share one lock counter."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def check_time_zone(name: str) -> None:
    """Raise ValidationError unless ``name`` is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValidationError(_("Unknown time zone: %(name)s"), params={"name": name}) from error


class UserManager(TenantManager, BaseUserManager["User"]):
    """Creates users inside the current tenant."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """A new user of the current tenant. Without a password nobody can sign in as this user."""
        user = self.model(username=normalise_name(username), **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with this sign-in name, in any spelling, in the current tenant."""
        return self.get(username=normalise_name(username or ""))


class User(AbstractBaseUser, TenantModel):
    """A person (or program) of one tenant. Rights come from roles alone; nobody is above the policy."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(_("user no."), max_length=20, editable=False)
    username = models.CharField(_("sign-in name"), max_length=150, unique=True)
    email = models.EmailField(_("e-mail"), blank=True)
    display_name = models.CharField(_("name"), max_length=100)
    department = models.CharField(_("department"), max_length=100, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    regions = ArrayField(
        models.CharField(max_length=20),
        verbose_name=_("regions"),
        default=list,
        blank=True,
        help_text=_("Rows of these regions are visible to people without the right to all regions."),
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans")
    time_zone = models.CharField(
        _("time zone"), max_length=50, default=settings.TIME_ZONE, validators=[check_time_zone]
    )
    is_active = models.BooleanField(_("active"), default=True)
    roles: Any = models.ManyToManyField(
        "accounts.Role", through="accounts.UserRole", verbose_name=_("roles"), related_name="users"
    )
    authz_epoch = models.BigIntegerField(default=1, editable=False)
    """Grows with every change of rights (by trigger): older download links and tokens stop working."""
    failed_logins = models.PositiveSmallIntegerField(default=0, editable=False)
    locked_until = models.DateTimeField(null=True, blank=True, editable=False)
    date_joined = models.DateTimeField(_("joined"), auto_now_add=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    objects: ClassVar[Any] = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="accounts_user_code")]

    def __str__(self) -> str:
        return f"{self.display_name} ({self.username})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.username = normalise_name(self.username)
        if not self.code:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 'U' || nextval('accounts_user_code_seq')")
                self.code = cursor.fetchone()[0]
        super().save(*args, **kwargs)

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is the password. An old kind of hash is replaced by a new one, which is no new password: tokens
        and links stay (the triggers of migration 0004 look for the setting)."""

        def renew(raw_password: Any) -> None:
            self.set_password(raw_password)
            self._password = None
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT set_config('app.same_password', 'yes', true)")
                self.save(update_fields=["password"])
                cursor.execute("SELECT set_config('app.same_password', '', true)")

        return check_password(raw_password, self.password, renew)

    def get_full_name(self) -> str:
        """Name for pages and greetings."""
        return self.display_name

    get_short_name = get_full_name

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Codes of every permission that this user's roles hold; of somebody who is switched off, none. Read once per
        loaded user, i.e. per request."""
        return frozenset(code for _role, code in self._grants if code) if self.is_active else frozenset()

    @cached_property
    def role_keys(self) -> frozenset[str]:
        """Keys of the roles held. Read once per loaded user."""
        return frozenset(key for key, _code in self._grants)

    def forget_rights(self) -> None:
        """Read roles and permissions anew at the next question."""
        for kept in ("permissions", "role_keys", "_grants"):
            self.__dict__.pop(kept, None)

    @cached_property
    def _grants(self) -> frozenset[tuple[str, str | None]]:
        """(role, permission) of every role held; a role without permissions stands there with None."""
        from accounts.models.role import UserRole

        held = UserRole.objects.filter(user=self)
        return frozenset(held.values_list("role__key", "role__grants__permission_id"))

    @property
    def zone(self) -> ZoneInfo:
        """The user's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def is_staff(self) -> bool:
        """Platform people enter the admin; client people have their own portal."""
        return self.tenant.kind == Kind.PLATFORM

    # Django's admin asks in its own words; the answers come from our one policy.
    is_superuser = False

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        """Django's question "app.action_model", answered by accounts.policy."""
        from accounts import policy

        return policy.may_in_admin(self, permission)

    def has_perms(self, permissions: list[str], obj: Any = None) -> bool:
        """Whether every one of ``permissions`` is held."""
        return all(self.has_perm(permission, obj) for permission in permissions)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the admin shows the app at all."""
        return self.has_perm(f"{app_label}.view_any")

"""Name and password → user. The only authentication backend."""

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest

from accounts import tenancy
from accounts.audit import Operation, record
from accounts.models import User
from accounts.models.user import normalise_name
from accounts.signin import lockout
from exportcenter.common.client import client_of


class PasswordBackend(BaseBackend):
    """Finds the tenant by the sign-in role, then works inside that tenant.

    Must run inside tenant_scope(None), which the middleware opens; the scope adopts the user's tenant only when
    the password is right.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **credentials: Any
    ) -> User | None:
        """The user, or None: unknown name, wrong password, locked, inactive user or tenant all look alike."""
        if not username or password is None or len(password) > 1024 or "\0" in username:
            return None
        found = self._find(normalise_name(username))
        if found is None:
            make_password(password)  # as slow as a real check: names cannot be told by the clock
            return None
        user_id, tenant_id = found
        if tenancy.current() not in (None, tenant_id):
            # Signed in for one company, asking for another: that sign-in would be written into the wrong trail.
            make_password(password)
            return None
        user = self._check(request, user_id, tenant_id, password)
        if user is not None and transaction.get_connection().in_atomic_block and tenancy.current() is None:
            tenancy.adopt(tenant_id)
        return user

    def get_user(self, user_id: Any) -> User | None:
        """The user of a session, inside the session's tenant. Rights are read anew for every request."""
        if tenancy.current() is None:
            return None
        user: User | None = User.objects.select_related("tenant").filter(pk=user_id).first()
        return user if user and user.is_active and user.tenant.is_active else None

    @staticmethod
    def _find(name: str) -> tuple[UUID, UUID] | None:
        with transaction.atomic(), tenancy.role_scope(tenancy.SIGNIN_ROLE):
            with transaction.get_connection().cursor() as cursor:
                cursor.execute("SELECT id, tenant_id FROM accounts_user WHERE username = %s", [name])
                row: tuple[UUID, UUID] | None = cursor.fetchone()
                return row

    @staticmethod
    def _check(request: HttpRequest | None, user_id: UUID, tenant_id: UUID, password: str) -> User | None:
        client = client_of(request) if request is not None else None
        with tenancy.tenant_scope(tenant_id):
            user: User = User.objects.select_related("tenant").get(pk=user_id)
            if not lockout.take_attempt(user_id):
                make_password(password)
                record(
                    Operation.SIGN_IN_LOCKED, actor=user, resource=f"user:{user.code}", result="refused", client=client
                )
                return None
            if not user.check_password(password) or not user.is_active or not user.tenant.is_active:
                record(Operation.SIGN_IN, actor=user, resource=f"user:{user.code}", result="refused", client=client)
                return None
            lockout.forgive(user_id)
            return user

"""Models of the accounts app."""

from accounts.models.audit import AuditEntry, TenantHead
from accounts.models.role import Permission, Role, RolePermission, UserRole
from accounts.models.tenant import Tenant
from accounts.models.token import AccessToken
from accounts.models.token_family import TokenFamily
from accounts.models.user import User

__all__ = [
    "AccessToken",
    "AuditEntry",
    "Permission",
    "Role",
    "RolePermission",
    "Tenant",
    "TenantHead",
    "TokenFamily",
    "User",
    "UserRole",
]

"""The REST API: who may come in, how often, and how it describes itself."""

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from exportcenter.settings.keys import SECRET_KEY, env

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.signin.tokens.AccessTokenAuthentication",
        "accounts.signin.jwt.TenantJWTAuthentication",
        "accounts.signin.browser.SignedInBySession",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.signin.scoping.ScopeAllows",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["exportcenter.common.api.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.limits.doors.GeneralLimit"],
    "EXCEPTION_HANDLER": "exportcenter.common.api.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "exportcenter.common.openapi.inspector.Inspector",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Export Center API",
    "VERSION": "1.0.0",
    "DESCRIPTION": "Exports, their definitions and files, and what happens to them. Everything that the pages do goes "
    "through the same services. Messages come in your language, or in that of `Accept-Language`.",
    "SERVERS": [{"url": "/", "description": "Where this document came from."}],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [],
}
TOKEN_ACCESS_SECONDS = env.int("TOKEN_ACCESS_SECONDS", default=2 * 3600)
TOKEN_FAMILY_SECONDS = env.int("TOKEN_FAMILY_SECONDS", default=7 * 24 * 3600)
"""After so long somebody has to sign in by name and password again, however often the tokens were refreshed."""
TOKEN_REPLAY_SECONDS = env.int("TOKEN_REPLAY_SECONDS", default=10)
"""The refresh token spent last gives its answer once more for so long, for a client that never got it."""
if min(TOKEN_ACCESS_SECONDS, TOKEN_FAMILY_SECONDS) < 60 or TOKEN_REPLAY_SECONDS < 0:
    raise ImproperlyConfigured(
        "TOKEN_ACCESS_SECONDS and TOKEN_FAMILY_SECONDS must be 60 or more, TOKEN_REPLAY_SECONDS 0"
    )
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=TOKEN_ACCESS_SECONDS),
    "REFRESH_TOKEN_LIFETIME": timedelta(seconds=TOKEN_FAMILY_SECONDS),
    "ALGORITHM": "HS256",
    "SIGNING_KEY": SECRET_KEY,
    "AUDIENCE": "exportcenter",
    "ISSUER": "exportcenter",
    "USER_ID_CLAIM": "sub",
}

# --- limits (accounts.limits): uses per minute, 0 = no limit ----------------------------------------------
LIMIT_GENERAL_PER_MINUTE = env.int("LIMIT_GENERAL_PER_MINUTE", default=600)
"""API requests of one person, access token or, before sign-in, address; counted per web process."""
LIMIT_CREATE_PER_MINUTE = env.int("LIMIT_CREATE_PER_MINUTE", default=60)
"""Exports that one person creates, retries, runs or has counted exactly."""
LIMIT_SIGN_IN_PER_MINUTE = env.int("LIMIT_SIGN_IN_PER_MINUTE", default=10)
"""Tries to sign in as one person from one address."""
LIMIT_SIGN_IN_ADDRESS_PER_MINUTE = env.int("LIMIT_SIGN_IN_ADDRESS_PER_MINUTE", default=60)
"""Tries to sign in as anybody from one address."""
for limit in (
    LIMIT_GENERAL_PER_MINUTE,
    LIMIT_CREATE_PER_MINUTE,
    LIMIT_SIGN_IN_PER_MINUTE,
    LIMIT_SIGN_IN_ADDRESS_PER_MINUTE,
):
    if not 0 <= limit <= 1_000_000:
        raise ImproperlyConfigured("LIMIT_…_PER_MINUTE must be from 0 (no limit) to 1000000")

"""Password rules beyond Django's own (SPEC X2)."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class CharacterClassesValidator:
    """Demands an upper-case letter, a lower-case letter, a digit and another character."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError unless all four classes are there."""
        classes = (str.isupper, str.islower, str.isdigit, lambda c: not c.isalnum())
        if not all(any(belongs(c) for c in password) for belongs in classes):
            raise ValidationError(self.get_help_text(), code="password_classes")

    def get_help_text(self) -> str:
        """The rule in words."""
        return _("Your password needs upper-case and lower-case letters, a digit and a special character.")

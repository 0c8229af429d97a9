"""Answers to questions about rights."""

from dataclasses import dataclass

from exportcenter.common.errors import PermissionRefused


@dataclass(frozen=True)
class Decision:
    """The answer to one question, with the words for the person who asked."""

    allowed: bool
    reason: str = ""
    hidden: bool = False
    """The target must look as if it did not exist: doors answer 404."""

    def __bool__(self) -> bool:
        return self.allowed

    def or_refuse(self) -> None:
        """Raise PermissionRefused (403) with the reason unless allowed."""
        if not self.allowed:
            raise PermissionRefused(self.reason)


YES = Decision(True)

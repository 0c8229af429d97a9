"""Sample business tables, one file per family."""

from jobs.records.models.base import Region, RegionalQuerySet, RegionalRecord
from jobs.records.models.member import Member
from jobs.records.models.order import Order
from jobs.records.models.risk_hit import RiskHit

__all__ = ["Member", "Order", "Region", "RegionalQuerySet", "RegionalRecord", "RiskHit"]

"""Sample business tables, one file per family."""

from jobs.records.models.base import Region, RegionalQuerySet, RegionalRecord
from jobs.records.models.campaign import Campaign
from jobs.records.models.kyc_case import KycCase
from jobs.records.models.member import Member
from jobs.records.models.order import Order
from jobs.records.models.risk_hit import RiskHit
from jobs.records.models.risk_list import RiskListEntry
from jobs.records.models.risk_rule import RiskRule
from jobs.records.models.risk_ticket import RiskTicket
from jobs.records.models.task import Task
from jobs.records.models.team import Team
from jobs.records.models.wallet import Wallet, WalletEntry
from jobs.records.models.withdraw import Withdraw

__all__ = [
    "Campaign",
    "KycCase",
    "Member",
    "Order",
    "Region",
    "RegionalQuerySet",
    "RegionalRecord",
    "RiskHit",
    "RiskListEntry",
    "RiskRule",
    "RiskTicket",
    "Task",
    "Team",
    "Wallet",
    "WalletEntry",
    "Withdraw",
]

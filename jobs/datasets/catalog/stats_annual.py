"""Annual statistics: orders, buyers and money by year, region and channel, summed up by the database."""

from django.utils.translation import gettext_lazy as _

from jobs.datasets import Column, Kind, register
from jobs.datasets.catalog.stats_monthly import COLUMNS, OrderStatistics


@register
class StatsAnnual(OrderStatistics):
    """Figures by year. Buyers are not the sum of the months': who buys in two months is one buyer of the year."""

    key = "stats_annual"
    title = _("Annual statistics")
    period_format = "YYYY"
    columns = (Column("year", _("Year"), Kind.ID, value="period"), *COLUMNS)

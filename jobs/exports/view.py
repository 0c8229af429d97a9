"""What the doors of the API share."""

from rest_framework.views import APIView

from exportcenter.common.api import AnswersAnyway


class ExportView(APIView):
    """Base of the doors of exports, definitions and what belongs to their pages."""

    content_negotiation_class = AnswersAnyway

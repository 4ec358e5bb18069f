"""Lists by the page: what may be asked of them, and a cursor that nobody can make up."""

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework import exceptions, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response

from screening import wording

BAD_CURSOR = gettext_noop("This cursor is not one of ours.")


class Asked(serializers.Serializer):
    """A query. What is no parameter of it is refused: ignored, a misspelt filter would show everything."""

    def validate(self, asked):
        if unknown := set(self.initial_data) - set(self.fields):
            known = ", ".join(self.fields)
            sentence = _("Not a filter; there are: %(known)s.") % {"known": known}
            raise serializers.ValidationError({name: [sentence] for name in unknown})
        return asked


class Paging(Asked):
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous` of another page.")
    size = serializers.IntegerField(required=False, min_value=1, max_value=200, help_text="Lines a page, or 50.")

    def filters(self):
        """What was asked beside the page. Raises ValidationError."""
        self.is_valid(raise_exception=True)
        return {name: value for name, value in self.validated_data.items() if name not in ("cursor", "size")}


class PageShape(serializers.Serializer):
    """What every page of a list has beside its `results`."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    research_use = serializers.CharField()


class ByTime(CursorPagination):
    """A list in the order of a time, and of the id where two have the same."""

    page_size, page_size_query_param, max_page_size = 50, "size", 200

    def __init__(self, column, newest_first=True):
        self.ordering = (f"-{column}", "-id") if newest_first else (column, "id")

    def decode_cursor(self, request):
        try:
            cursor = super().decode_cursor(request)
            fits = not cursor or not cursor.position or parse_datetime(cursor.position).tzinfo
        except (exceptions.NotFound, ValueError, AttributeError):
            fits = False
        if fits:
            return cursor
        raise serializers.ValidationError({"cursor": [_(BAD_CURSOR)]})

    def answer(self, found, request, shaped):
        """One page of `found`; `shaped` makes of its rows what is shown."""
        results = shaped(self.paginate_queryset(found, request))
        links = {"next": self.get_next_link(), "previous": self.get_previous_link()}
        return Response(links | {"research_use": _(wording.RESEARCH_USE), "results": results})

"""The API's door: the same rules of screening.permissions that the pages ask."""

from rest_framework.decorators import permission_classes
from rest_framework.permissions import BasePermission

from webportal.views.access import REFUSED


def allowed(rule):
    """Let an API view run for whom `rule(user)` holds: 401 without a login, 403 without the role."""

    class Allowed(BasePermission):
        message = REFUSED

        def has_permission(self, request, view):
            return bool(request.user and request.user.is_authenticated and rule(request.user))

    return permission_classes([Allowed])

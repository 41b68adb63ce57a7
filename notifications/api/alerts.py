"""Alerts over HTTP: what can be watched, the rules, what fired."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from missions.models import Membership
from notifications.alerts import selectors
from notifications.alerts.evaluate import last_values
from notifications.alerts.measures import MEASURES, Measure
from notifications.alerts.rules import (
    AcknowledgeAlert,
    ChangeRule,
    CreateRule,
    DeleteRule,
    TestRule,
)
from notifications.api.alert_serializers import (
    AlertFilterSerializer,
    AlertMeasuresSerializer,
    AlertPageSerializer,
    AlertRulePageSerializer,
    AlertRuleSerializer,
    AlertSerializer,
    AlertTermsSerializer,
    AlertTestSerializer,
    NewAlertRuleSerializer,
    PlaceFilterSerializer,
)
from notifications.api.throttling import TestThrottle
from notifications.models import Alert, AlertRule
from parallagon.accounts.authentication import caller
from parallagon.core.api import problems

Role = Membership.Role


class MeasureListView(GenericAPIView[Any]):
    serializer_class = AlertMeasuresSerializer
    pagination_class = None

    @extend_schema(
        operation_id="alerts_measures", responses={200: AlertMeasuresSerializer, **problems()}
    )
    def get(self, request: Request) -> Response:
        """List what can be watched, and what a new rule begins with."""
        rows = [_measure(one) for _key, one in sorted(MEASURES.items())]
        return Response(AlertMeasuresSerializer({"results": rows}).data)


class RuleListView(GenericAPIView[AlertRule]):
    serializer_class = AlertRuleSerializer
    queryset = AlertRule.objects.none()

    @extend_schema(
        operation_id="alerts_rules_list",
        parameters=[PlaceFilterSerializer],
        responses={200: AlertRulePageSerializer, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List the rules of the caller's missions, and for staff those of the installation."""
        given = PlaceFilterSerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        rows = _in_place(selectors.rules_of(user=caller(request)), given.validated_data)
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(_rules(page, many=True))

    @extend_schema(
        operation_id="alerts_rules_create",
        request=NewAlertRuleSerializer,
        responses={201: AlertRuleSerializer, **problems(400, 403, 404, 409, 413, 422)},
    )
    def post(self, request: Request) -> Response:
        """Watch a measure of a mission (an owner), or of the installation (staff)."""
        given = NewAlertRuleSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        user = caller(request)
        mission = selectors.place_of_rules(user=user, mission_id=values.pop("mission"))
        made = CreateRule(user=user, mission=mission, values=values, now=timezone.now()).execute()
        return Response(_rules(made), status=201)


class RuleView(GenericAPIView[AlertRule]):
    serializer_class = AlertRuleSerializer

    @extend_schema(
        operation_id="alerts_rules_get", responses={200: AlertRuleSerializer, **problems(404)}
    )
    def get(self, request: Request, rule_id: int) -> Response:
        """Tell a rule and how it stands."""
        return Response(_rules(selectors.rule(user=caller(request), rule_id=rule_id)))

    @extend_schema(
        operation_id="alerts_rules_change",
        request=AlertTermsSerializer,
        responses={200: AlertRuleSerializer, **problems(400, 403, 404, 413, 422)},
    )
    def patch(self, request: Request, rule_id: int) -> Response:
        """Change a rule; with other terms it begins anew, and what it had fired is over."""
        found = selectors.rule(user=caller(request), rule_id=rule_id, at_least=Role.OWNER)
        given = AlertTermsSerializer(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        changed = ChangeRule(rule=found, values=given.validated_data, now=timezone.now()).execute()
        return Response(_rules(changed))

    @extend_schema(operation_id="alerts_rules_delete", responses={204: None, **problems(403, 404)})
    def delete(self, request: Request, rule_id: int) -> Response:
        """Watch no more; what the rule fired is forgotten with it."""
        found = selectors.rule(user=caller(request), rule_id=rule_id, at_least=Role.OWNER)
        DeleteRule(rule=found, now=timezone.now()).execute()
        return Response(status=204)


class RuleTestView(GenericAPIView[AlertRule]):
    serializer_class = AlertTestSerializer
    throttle_classes = [TestThrottle]

    @extend_schema(
        operation_id="alerts_rules_test",
        request=None,
        responses={202: AlertTestSerializer, **problems(403, 404, 429)},
    )
    def post(self, request: Request, rule_id: int) -> Response:
        """Tell the caller, and nobody else, what the rule would say now."""
        user = caller(request)
        found = selectors.rule(user=user, rule_id=rule_id, at_least=Role.OWNER)
        told = TestRule(rule=found, user=user, now=timezone.now()).execute()
        return Response({"told": bool(told)}, status=202)


class AlertListView(GenericAPIView[Alert]):
    serializer_class = AlertSerializer
    queryset = Alert.objects.none()

    @extend_schema(
        operation_id="alerts_list",
        parameters=[AlertFilterSerializer],
        responses={200: AlertPageSerializer, **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List what fired, the newest first."""
        given = AlertFilterSerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        rows = _in_place(selectors.alerts_of(user=caller(request)), wanted)
        names = ("rule", "measure", "level")
        rows = rows.filter(**{name: wanted[name] for name in names if name in wanted})
        if wanted["is_over"] is not None:
            rows = rows.filter(cleared_at__isnull=not wanted["is_over"])
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(AlertSerializer(page, many=True).data)


class AcknowledgeView(GenericAPIView[Alert]):
    serializer_class = AlertSerializer

    @extend_schema(
        operation_id="alerts_acknowledge",
        request=None,
        responses={200: AlertSerializer, **problems(403, 404)},
    )
    def post(self, request: Request, alert_id: int) -> Response:
        """Say that somebody looks after it (an editor, or staff); once more changes nothing."""
        user = caller(request)
        found = selectors.alert(user=user, alert_id=alert_id, at_least=Role.EDITOR)
        known = AcknowledgeAlert(alert=found, user=user, now=timezone.now()).execute()
        return Response(AlertSerializer(known).data)


def _in_place(rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
    if "mission" in wanted:
        rows = rows.filter(mission_id=wanted["mission"])
    if "scope" in wanted:
        rows = rows.filter(mission__isnull=wanted["scope"] == "installation")
    return rows


def _rules(rows: AlertRule | list[AlertRule], *, many: bool = False) -> Any:
    return AlertRuleSerializer(rows, many=many, context={"values": last_values()}).data


def _measure(one: Measure) -> dict[str, Any]:
    return {
        "key": one.key,
        "label": str(one.label),
        "help": str(one.help),
        "unit": one.unit,
        "scopes": sorted(one.scopes),
        "is_counted": one.is_counted,
        "comparison": one.comparison,
        "threshold": one.threshold,
        "window": one.window,
    }

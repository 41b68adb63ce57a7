"""What people ask of an agent's next run, over HTTP."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.api.agents import agent_of
from agents.api.guidance_serializers import (
    InstructionFilterSerializer,
    InstructionSerializer,
    InstructionTextSerializer,
)
from agents.models import Instruction
from agents.services import ChangeInstruction, LeaveInstruction, WithdrawInstruction
from parallagon.accounts.authentication import caller
from parallagon.accounts.repeats import IDEMPOTENCY_KEY, repeatable
from parallagon.core.api import Pages, problems
from parallagon.core.errors import ResourceNotFoundError


class InstructionListView(GenericAPIView[Instruction]):
    pagination_class = Pages
    serializer_class = InstructionSerializer
    queryset = Instruction.objects.none()

    @extend_schema(
        operation_id="instructions_list",
        parameters=[InstructionFilterSerializer],
        responses={200: InstructionSerializer(many=True), **problems(404, 422)},
    )
    def get(self, request: Request, agent_id: int) -> Response:
        """List what was asked of the agent, the newest first."""
        filters = InstructionFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        found = agent_of(request, agent_id).instructions.select_related("author")
        unread = filters.validated_data["unread"]
        if unread is not None:
            found = found.filter(read_at__isnull=unread)
        page = self.paginate_queryset(found)
        return self.get_paginated_response(InstructionSerializer(page, many=True).data)

    @extend_schema(
        operation_id="instructions_create",
        parameters=[IDEMPOTENCY_KEY],
        request=InstructionTextSerializer,
        responses={201: InstructionSerializer, **problems(400, 403, 404, 409, 422)},
    )
    @repeatable
    def post(self, request: Request, agent_id: int) -> Response:
        """Ask something of the agent's next run, which begins at once unless it is stopped."""
        agent = agent_of(request, agent_id, to_write=True)
        given = InstructionTextSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        instruction = LeaveInstruction(
            agent=agent,
            text=given.validated_data["text"],
            author=caller(request),
            now=timezone.now(),
        ).execute()
        return Response(InstructionSerializer(instruction).data, status=201)


class InstructionView(APIView):
    @extend_schema(
        operation_id="instructions_update",
        request=InstructionTextSerializer,
        responses={200: InstructionSerializer, **problems(400, 403, 404, 409, 422)},
    )
    def put(self, request: Request, agent_id: int, instruction_id: int) -> Response:
        """Say it otherwise, while no run has read it."""
        instruction = self._instruction(request, agent_id, instruction_id)
        given = InstructionTextSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        changed = ChangeInstruction(
            instruction=instruction, text=given.validated_data["text"], now=timezone.now()
        ).execute()
        return Response(InstructionSerializer(changed).data)

    @extend_schema(
        operation_id="instructions_destroy",
        responses={204: None, **problems(403, 404, 409)},
    )
    def delete(self, request: Request, agent_id: int, instruction_id: int) -> Response:
        """Take it back, while no run has read it."""
        instruction = self._instruction(request, agent_id, instruction_id)
        WithdrawInstruction(instruction=instruction, now=timezone.now()).execute()
        return Response(status=204)

    def _instruction(self, request: Request, agent_id: int, instruction_id: int) -> Instruction:
        agent = agent_of(request, agent_id, to_write=True)
        found = agent.instructions.select_related("author").filter(pk=instruction_id).first()
        if found is None:
            raise ResourceNotFoundError("There is no such instruction.")
        found.agent = agent  # with its mission
        return found

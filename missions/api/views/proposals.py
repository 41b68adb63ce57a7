"""Proposals over HTTP: what runs wanted that could not land by itself, and the decision."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from missions import selectors
from missions.api.serializers import (
    CONFLICT,
    ProposalFileSerializer,
    ProposalFilterSerializer,
    ProposalSerializer,
)
from missions.diff import unified
from missions.models import Membership, Proposal, ProposalFile
from missions.services import AcceptProposal, RejectProposal
from parallagon.accounts.authentication import caller
from parallagon.core.api import Pages, problems

EDITOR = Membership.Role.EDITOR


class ProposalPages(Pages):
    page_size = 20  # each comes with its texts
    max_page_size = 50


def _files(proposal: Proposal) -> list[Any]:
    return [_file(file) for file in proposal.files.all()]


def _file(file: ProposalFile) -> Any:
    base = None if file.base_id is None else selectors.blob_text(file.base_id)
    text = None if file.blob_id is None else selectors.blob_text(file.blob_id)
    return ProposalFileSerializer(
        {
            "path": file.path,
            "base": file.base_number,
            "base_text": base,
            "text": text,
            "unified": unified(file.path, base or "", text or ""),
        }
    ).data


def _answer(proposal: Proposal) -> Response:
    return Response(ProposalSerializer(proposal, context={"files": _files}).data)


def _to_decide(request: Request, proposal_id: int) -> Proposal:
    proposal = selectors.proposal(user=caller(request), proposal_id=proposal_id)
    selectors.membership(user=caller(request), mission_id=proposal.mission_id, at_least=EDITOR)
    return proposal


class ProposalListView(GenericAPIView[Proposal]):
    serializer_class = ProposalSerializer
    pagination_class = ProposalPages
    queryset = Proposal.objects.none()

    @extend_schema(
        operation_id="proposals_list",
        parameters=[ProposalFilterSerializer],
        responses={200: ProposalSerializer(many=True), **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List the proposals of a mission, the newest first."""
        filters = ProposalFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        wanted = dict(filters.validated_data)
        membership = selectors.membership(user=caller(request), mission_id=wanted.pop("mission"))
        proposals = selectors.proposals_of(mission=membership.mission).filter(**wanted)
        page = self.paginate_queryset(proposals)
        shown = ProposalSerializer(page, many=True, context={"files": _files})
        return self.get_paginated_response(shown.data)


class AcceptProposalView(APIView):
    @extend_schema(
        operation_id="proposals_accept",
        request=None,
        responses={200: ProposalSerializer, **problems(403, 404, 422, 503), **CONFLICT},
    )
    def post(self, request: Request, proposal_id: int) -> Response:
        """Land all files of a proposal, or none: 409 with three texts where one overlaps."""
        proposal = _to_decide(request, proposal_id)
        now = timezone.now()
        accept = AcceptProposal(proposal=proposal, user=caller(request), now=now)
        return _answer(accept.execute())


class RejectProposalView(APIView):
    @extend_schema(
        operation_id="proposals_reject",
        request=None,
        responses={200: ProposalSerializer, **problems(403, 404, 409)},
    )
    def post(self, request: Request, proposal_id: int) -> Response:
        """Set a proposal aside."""
        proposal = _to_decide(request, proposal_id)
        now = timezone.now()
        reject = RejectProposal(proposal=proposal, user=caller(request), now=now)
        return _answer(reject.execute())

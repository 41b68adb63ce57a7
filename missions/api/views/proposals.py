"""Proposals over HTTP: what runs wanted that could not land by itself, and the decision."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from missions import selectors
from missions.api import etags
from missions.api.serializers import (
    CONFLICT,
    ProposalAcceptSerializer,
    ProposalFileNowSerializer,
    ProposalFileSerializer,
    ProposalFilterSerializer,
    ProposalNowSerializer,
    ProposalRejectSerializer,
    ProposalSerializer,
)
from missions.api.views.files import IF_NONE_MATCH
from missions.api.views.revisions import difference
from missions.authors import Author
from missions.diff import unified
from missions.models import Membership, Proposal, ProposalFile
from missions.services import AcceptProposal, Prospect, RejectProposal, Resolved, prospects_of
from parallagon.accounts.authentication import caller
from parallagon.core.api import Pages, problems

EDITOR = Membership.Role.EDITOR


class ProposalPages(Pages):
    page_size = 20  # each comes with its texts
    max_page_size = 50


def _files(proposal: Proposal) -> list[Any]:
    shown = [_shown(file) for file in proposal.files.all()]
    return list(ProposalFileSerializer(shown, many=True).data)


def _shown(file: ProposalFile) -> dict[str, Any]:
    base = None if file.base_id is None else selectors.blob_text(file.base_id)
    text = None if file.blob_id is None else selectors.blob_text(file.blob_id)
    return {
        "path": file.path,
        "state": file.state,
        "decided_at": file.decided_at,
        "base": file.base_number,
        "base_text": base,
        "text": text,
        "unified": unified(file.path, base or "", text or ""),
    }


def _files_now(proposal: Proposal) -> list[Any]:
    files = list(proposal.files.all())
    shown = [
        _shown(file) | _now(prospect)
        for file, prospect in zip(files, prospects_of(proposal, files), strict=True)
    ]
    return list(ProposalFileNowSerializer(shown, many=True).data)


def _now(prospect: Prospect) -> dict[str, Any]:
    clean = prospect.is_clean
    before, after = (
        (prospect.their_text, prospect.merged_text)
        if clean
        else (prospect.base_text, prospect.my_text)
    )
    theirs = prospect.theirs
    return {
        "theirs": {
            "revision": theirs.number if theirs else 0,
            "text": prospect.their_text,
            "author": Author.of(theirs).as_data() if theirs else None,
        },
        "merges": clean,
        "merged_text": prospect.merged_text if clean else None,
        "difference": difference(prospect.path, before or "", after or ""),
    }


def _answer(request: Request, proposal_id: int) -> Response:
    proposal = selectors.proposal(user=caller(request), proposal_id=proposal_id)
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


class ProposalView(APIView):
    @extend_schema(
        operation_id="proposals_retrieve",
        parameters=[IF_NONE_MATCH],
        responses={200: ProposalNowSerializer, 304: None, **problems(404)},
    )
    def get(self, request: Request, proposal_id: int) -> Response:
        """Read a proposal beside what is there now, and whether each of its files merges."""
        proposal = selectors.proposal(user=caller(request), proposal_id=proposal_id)
        headers = {"ETag": self._etag(proposal)}
        if etags.has(request, headers["ETag"]):
            return Response(status=304, headers=headers)
        body = ProposalNowSerializer(proposal, context={"files": _files_now}).data
        return Response(body, headers=headers)

    @staticmethod
    def _etag(proposal: Proposal) -> str:
        files = list(proposal.files.all())
        current = selectors.files_at(
            mission_id=proposal.mission_id, wanted=[file.path for file in files]
        )
        numbers = [(path, file.current_id) for path, file in sorted(current.items())]
        states = [(file.path, file.state) for file in files]
        return etags.tag_of_facts(proposal.pk, proposal.state, states, numbers)


class AcceptProposalView(APIView):
    @extend_schema(
        operation_id="proposals_accept",
        request=ProposalAcceptSerializer,
        responses={200: ProposalSerializer, **problems(400, 403, 404, 413, 422, 503), **CONFLICT},
    )
    def post(self, request: Request, proposal_id: int) -> Response:
        """Land files of a proposal, all of them or none: 409 with three texts where one overlaps.

        Whoever puts those texts together sends the result under `resolved`; it lands as theirs.
        """
        given = ProposalAcceptSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        resolved = {
            path: Resolved(text=finished["text"], base=finished["base"] or None)
            for path, finished in given.validated_data.get("resolved", {}).items()
        }
        AcceptProposal(
            proposal=_to_decide(request, proposal_id),
            user=caller(request),
            now=timezone.now(),
            files=given.validated_data.get("files"),
            resolved=resolved,
        ).execute()
        return _answer(request, proposal_id)


class RejectProposalView(APIView):
    @extend_schema(
        operation_id="proposals_reject",
        request=ProposalRejectSerializer,
        responses={200: ProposalSerializer, **problems(400, 403, 404, 409, 422)},
    )
    def post(self, request: Request, proposal_id: int) -> Response:
        """Set files of a proposal aside."""
        given = ProposalRejectSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        RejectProposal(
            proposal=_to_decide(request, proposal_id),
            user=caller(request),
            now=timezone.now(),
            **given.validated_data,
        ).execute()
        return _answer(request, proposal_id)

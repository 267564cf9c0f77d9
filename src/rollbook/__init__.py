"""A Git-native, file-based registry for machine-learning models.

`from rollbook import Registry` is the Python API: `Registry.open(".").model("credit-approval")`. What is
public is what stands here; docs/reference/python.md lists it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.api.evidence_verbs import EvidenceVerbs as EvidenceVerbs
    from rollbook.api.json_document import document as document
    from rollbook.api.model_answers import LastChange as LastChange
    from rollbook.api.model_answers import ModelGate as ModelGate
    from rollbook.api.model_answers import ShownModel as ShownModel
    from rollbook.api.model_runs import Predicted as Predicted
    from rollbook.api.model_runs import SmokeTestedVersion as SmokeTestedVersion
    from rollbook.api.monitor_verbs import MonitorVerbs as MonitorVerbs
    from rollbook.api.public_federation import Federation as Federation
    from rollbook.api.public_index import open_index as open_index
    from rollbook.api.public_model import Model as Model
    from rollbook.api.public_model import ModelVersion as ModelVersion
    from rollbook.api.public_registry import Registry as Registry
    from rollbook.api.reading import ReadOnlyRegistry as ReadOnlyRegistry
    from rollbook.api.results import Checked as Checked
    from rollbook.api.results import EvidenceOnVersion as EvidenceOnVersion
    from rollbook.api.results import ExportedIndex as ExportedIndex
    from rollbook.api.results import Fetched as Fetched
    from rollbook.api.results import FetchedEvidence as FetchedEvidence
    from rollbook.api.results import GateReports as GateReports
    from rollbook.api.results import History as History
    from rollbook.api.results import MadeCard as MadeCard
    from rollbook.api.results import Recorded as Recorded
    from rollbook.api.results import Shown as Shown
    from rollbook.api.trail_verbs import AuditTrail as AuditTrail
    from rollbook.api.upkeep import Hooks as Hooks
    from rollbook.api.usage_questions import UsedVersions as UsedVersions
    from rollbook.api.version_answers import Resolved as Resolved
    from rollbook.api.version_signature import VersionSignature as VersionSignature
    from rollbook.artifact.signature_check import VerifiedSignature as VerifiedSignature
    from rollbook.check.finding import Finding as Finding
    from rollbook.check.promotion_report import GateReport as GateReport
    from rollbook.errors import BadCall as BadCall
    from rollbook.errors import CannotTell as CannotTell
    from rollbook.errors import Conflict as Conflict
    from rollbook.errors import GitFailed as GitFailed
    from rollbook.errors import InvalidFile as InvalidFile
    from rollbook.errors import ModelFailed as ModelFailed
    from rollbook.errors import NotFound as NotFound
    from rollbook.errors import Refused as Refused
    from rollbook.errors import RollbookError as RollbookError
    from rollbook.errors import StorageFailed as StorageFailed
    from rollbook.insight.compare.comparison import Best as Best
    from rollbook.insight.compare.comparison import Comparison as Comparison
    from rollbook.insight.compliance.compliance_report import ComplianceReport as ComplianceReport
    from rollbook.insight.lineage.descendants import Descendant as Descendant
    from rollbook.insight.lineage.trace import Lineage as Lineage
    from rollbook.insight.query.sql import Result as Result
    from rollbook.insight.review.access_review import Access as Access
    from rollbook.insight.review.access_review import AccessReview as AccessReview
    from rollbook.insight.review.allowance import Allowed as Allowed
    from rollbook.insight.review.own_access import OwnAccess as OwnAccess
    from rollbook.insight.review.own_access import OwnScope as OwnScope
    from rollbook.integrations import mlflow as mlflow
    from rollbook.integrations.forge.github import ForgeFailed as ForgeFailed
    from rollbook.integrations.forge.releases import Released as Released
    from rollbook.integrations.monitor.monitor_run import MonitorRun as MonitorRun
    from rollbook.integrations.monitor.service import MonitorRound as MonitorRound
    from rollbook.integrations.notify.notifier import Outcome as Outcome
    from rollbook.propose.alias_move import ProposedAlias as ProposedAlias
    from rollbook.propose.approval import Approved as Approved
    from rollbook.propose.card_proposal import ProposedCard as ProposedCard
    from rollbook.propose.in_memory.logged_model import LoggedVersion as LoggedVersion
    from rollbook.propose.landing import Landing as Landing
    from rollbook.propose.model_edit import EditedModel as EditedModel
    from rollbook.propose.new_evidence import AddedEvidence as AddedEvidence
    from rollbook.propose.new_note import Noted as Noted
    from rollbook.propose.new_registry import Initialised as Initialised
    from rollbook.propose.open_requests import Request as Request
    from rollbook.propose.open_requests import RequestedMove as RequestedMove
    from rollbook.propose.packaging import PackagedVersion as PackagedVersion
    from rollbook.propose.promotion import ProposedMove as ProposedMove
    from rollbook.propose.proposal import ChangeRefused as ChangeRefused
    from rollbook.propose.pruning import Pruning as Pruning
    from rollbook.propose.registration import ProposedVersion as ProposedVersion
    from rollbook.propose.rejection import Rejected as Rejected
    from rollbook.propose.smoke_test import SmokeTest as SmokeTest
    from rollbook.propose.told_facts import FactsBesideSample as FactsBesideSample
    from rollbook.propose.told_facts import ToldFacts as ToldFacts
    from rollbook.propose.vouching import SignedVersion as SignedVersion
    from rollbook.registry.listing import ListedModel as ListedModel
    from rollbook.registry.listing import ListedVersion as ListedVersion
    from rollbook.registry.served import Served as Served
    from rollbook.registry.served import Use as Use
    from rollbook.retention.accounting import StorageReport as StorageReport
    from rollbook.retention.stale import Stale as Stale
    from rollbook.retention.stale import StaleVersions as StaleVersions
    from rollbook.retention.sweeping import Sweeping as Sweeping
    from rollbook.trail.head import Head as Head
    from rollbook.trail.verification import Verification as Verification
    from rollbook.transfer.bundle.bundle_export import Packed as Packed
    from rollbook.transfer.bundle.bundle_import import Brought as Brought
    from rollbook.transfer.gto.gto_plan import Plan as Plan
    from rollbook.transfer.gto.takeover import TakenOver as TakenOver
    from rollbook.transfer.mlflow.mlflow_plan import MlflowPlan as MlflowPlan
    from rollbook.transfer.mlflow.mlflow_takeover import TakenFromMlflow as TakenFromMlflow

__version__ = "0.1.0"

# The module of each public name, as imported above for readers: they are loaded when they are asked for.
_HOMES = {
    "EvidenceVerbs": "api.evidence_verbs",
    "document": "api.json_document",
    "LoggedVersion": "propose.in_memory.logged_model",
    "Predicted": "api.model_runs",
    "SmokeTestedVersion": "api.model_runs",
    "Federation": "api.public_federation",
    "open_index": "api.public_index",
    "Model": "api.public_model",
    "ModelVersion": "api.public_model",
    "Registry": "api.public_registry",
    "ReadOnlyRegistry": "api.reading",
    "Checked": "api.results",
    "MonitorVerbs": "api.monitor_verbs",
    "MonitorRun": "integrations.monitor.monitor_run",
    "MonitorRound": "integrations.monitor.service",
    "EvidenceOnVersion": "api.results",
    "ExportedIndex": "api.results",
    "Fetched": "api.results",
    "FetchedEvidence": "api.results",
    "GateReports": "api.results",
    "History": "api.results",
    "MadeCard": "api.results",
    "LastChange": "api.model_answers",
    "ModelGate": "api.model_answers",
    "ShownModel": "api.model_answers",
    "Recorded": "api.results",
    "Shown": "api.results",
    "AuditTrail": "api.trail_verbs",
    "Hooks": "api.upkeep",
    "Resolved": "api.version_answers",
    "VersionSignature": "api.version_signature",
    "VerifiedSignature": "artifact.signature_check",
    "Finding": "check.finding",
    "GateReport": "check.promotion_report",
    "BadCall": "errors",
    "CannotTell": "errors",
    "Conflict": "errors",
    "GitFailed": "errors",
    "InvalidFile": "errors",
    "ModelFailed": "errors",
    "NotFound": "errors",
    "Refused": "errors",
    "RollbookError": "errors",
    "StorageFailed": "errors",
    "Best": "insight.compare.comparison",
    "Comparison": "insight.compare.comparison",
    "ComplianceReport": "insight.compliance.compliance_report",
    "Descendant": "insight.lineage.descendants",
    "Lineage": "insight.lineage.trace",
    "Result": "insight.query.sql",
    "Access": "insight.review.access_review",
    "AccessReview": "insight.review.access_review",
    "Allowed": "insight.review.allowance",
    "OwnAccess": "insight.review.own_access",
    "OwnScope": "insight.review.own_access",
    "ForgeFailed": "integrations.forge.github",
    "Released": "integrations.forge.releases",
    "Outcome": "integrations.notify.notifier",
    "Approved": "propose.approval",
    "ProposedAlias": "propose.alias_move",
    "ProposedCard": "propose.card_proposal",
    "Landing": "propose.landing",
    "AddedEvidence": "propose.new_evidence",
    "EditedModel": "propose.model_edit",
    "Noted": "propose.new_note",
    "Initialised": "propose.new_registry",
    "ProposedMove": "propose.promotion",
    "ChangeRefused": "propose.proposal",
    "Request": "propose.open_requests",
    "RequestedMove": "propose.open_requests",
    "Pruning": "propose.pruning",
    "ProposedVersion": "propose.registration",
    "Rejected": "propose.rejection",
    "PackagedVersion": "propose.packaging",
    "SmokeTest": "propose.smoke_test",
    "FactsBesideSample": "propose.told_facts",
    "ToldFacts": "propose.told_facts",
    "SignedVersion": "propose.vouching",
    "ListedModel": "registry.listing",
    "ListedVersion": "registry.listing",
    "StorageReport": "retention.accounting",
    "Stale": "retention.stale",
    "StaleVersions": "retention.stale",
    "Served": "registry.served",
    "Use": "registry.served",
    "UsedVersions": "api.usage_questions",
    "Sweeping": "retention.sweeping",
    "Head": "trail.head",
    "Verification": "trail.verify",
    "Packed": "transfer.bundle.bundle_export",
    "Brought": "transfer.bundle.bundle_import",
    "TakenOver": "transfer.gto.takeover",
    "TakenFromMlflow": "transfer.mlflow.mlflow_takeover",
    "MlflowPlan": "transfer.mlflow.mlflow_plan",
    "Plan": "transfer.gto.gto_plan",
}
__all__ = list(_HOMES)

# `rollbook.mlflow` names the room by another way, as `os.path` does a module; it imports nothing by itself.
mlflow = sys.modules[f"{__name__}.mlflow"] = import_module("rollbook.integrations.mlflow")


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"rollbook.{_HOMES[name]}"), name)

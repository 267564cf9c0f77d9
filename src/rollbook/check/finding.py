"""What a check finds, and the table of everything it can find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.errors import Severity


@dataclass(frozen=True, slots=True)
class Code:
    """What a code of a finding stands for: a short title and one sentence that explains it."""

    title: str
    explanation: str


CODES = {
    "RB101": Code("unreadable file", "A YAML file is strict YAML 1.2 in UTF-8; JSON is JSON; text is UTF-8."),
    "RB102": Code("schema violated", "Every file holds what its JSON Schema asks for, and nothing else."),
    "RB103": Code(
        "file missing", "A registry has a policy, a model its model.yaml, a version its manifest and pointer."
    ),
    "RB104": Code("stray file", "Under registry/ stand only the files that the layout has a place for."),
    "RB105": Code("no regular file", "Links, submodules and executable files have no place in a registry."),
    "RB106": Code(
        "unsafe file name", "File names work on every operating system and look like what they are."
    ),
    "RB107": Code(
        "file too large", "A file of a registry has at most 1 MiB; artifacts belong into the DVC remote."
    ),
    "RB108": Code("newer format", "The registry's format is newer than this tool, which can't judge it."),
    "RB201": Code(
        "name mismatch", "What a file says it is about agrees with the directory and the name it has."
    ),
    "RB202": Code(
        "case twin", "No two names in one directory differ in case only: some file systems fold them."
    ),
    "RB203": Code("version unknown", "A stage or an alias names only versions that exist."),
    "RB204": Code("stage exclusive", "An exclusive stage holds one version at most."),
    "RB205": Code("pointer disagrees", "The DVC pointer and the manifest describe the same artifact."),
    "RB206": Code("stage unknown", "A version stands only in stages that the policy has."),
    "RB207": Code("version in two stages", "A version stands in one stage, once."),
    "RB208": Code("alias hides a stage", "An alias is not named like a stage, nor `latest`."),
    "RB209": Code("naming pattern", "A new model's name follows the pattern that the policy asks for."),
    "RB210": Code("model and namespace", "A name is a model or a namespace of models, not both."),
    "RB211": Code("named file missing", "A file that the manifest names stands beside it."),
    "RB212": Code("policy inconsistent", "The policy's stages are distinct, and it names no others."),
    "RB213": Code("evidence misplaced", "Evidence is about the artifact of the version it stands with."),
    "RB214": Code("digest disagrees", "A file beside the manifest has the SHA-256 that the manifest gives."),
    "RB215": Code(
        "DVC entry drifted", "With `dvc_artifacts`, dvc.yaml names the artifact of the newest version."
    ),
    "RB216": Code(
        "attachment disagrees",
        "Each attachment of evidence has its DVC pointer, and the other way round.",
    ),
    "RB217": Code(
        "name reads as a version", "A stage or an alias is not named like a version, for which `@` takes it."
    ),
    "RB221": Code(
        "removal disagrees", "The record of a removal agrees with the manifest; no pointer stands beside it."
    ),
    "RB222": Code(
        "removed version in use", "A version without its artifact holds no exclusive stage and no alias."
    ),
    "RB223": Code(
        "import disagrees",
        "What an import says of its origin follows from the tags it holds, and they from the manifest.",
    ),
    "RB301": Code(
        "write-once file edited", "What was registered never changes: content, mode, type or company."
    ),
    "RB302": Code(
        "write-once file removed", "What was registered stays: a version is archived, not removed."
    ),
    "RB303": Code("illegal transition", "A version moves only along the transitions of the base's policy."),
    "RB304": Code("version decreases", "A new version is the newest, or a patch to a line that exists."),
    "RB305": Code("merge conflict", "The change merges into its base without a conflict."),
    "RB306": Code(
        "several versions at once", "Tools that read GTO tags know one version of a model per commit."
    ),
    "RB307": Code(
        "origin", "What a model was taken over from comes with the model, and says what the old tags say."
    ),
    "RB308": Code(
        "stage entry rewritten", "Why and by whom a version got into its stage is not rewritten later."
    ),
    "RB309": Code(
        "artifact must stay", "An artifact goes only when the base's rules of retention let it go."
    ),
    "RB310": Code("removed version moves", "A version whose artifact is removed stays where it stands."),
    "RB501": Code("not allowed", "Whoever made a commit has a role that may change the file."),
    "RB502": Code("not the signer", "A signed commit is signed by a key of the author it names."),
    "RB503": Code("owners drifted", "`.github/CODEOWNERS`, once generated, says what the policy says."),
    "RB400": Code("gate unknown", "A gate that this tool can't judge does not let anything pass."),
    "RB401": Code(
        "metric threshold", "A metric of the manifest, or of evidence, lies within the bounds of a stage."
    ),
    "RB402": Code(
        "metric comparison", "A metric is better than that of a stage's version, or within a tolerance of it."
    ),
    "RB403": Code("required fields", "What a stage asks to be known of a version is known."),
    "RB404": Code("model card", "The model card says what a stage asks for, and no placeholder is left."),
    "RB405": Code("evidence", "Evidence of a kind, about this very artifact, has passed and is fresh."),
    "RB406": Code("soak", "A version has stood in a stage for long enough, by the trail of main."),
    "RB407": Code("required tags", "A version bears the tags that a stage asks for."),
    "RB408": Code("artifact present", "The DVC remote holds the artifact that was registered."),
    "RB409": Code("artifact format", "The artifact has a format and a size that a stage takes."),
    "RB410": Code("approvals", "Enough people have approved this very transition, none of them its author."),
    "RB411": Code("freeze", "Nothing moves during a freeze unless somebody who may sets it aside."),
    "RB412": Code("deprecation", "What goes out of use has a replacement, a sunset and a migration note."),
    "RB413": Code("command", "A program that the policy names lets the version pass."),
    "RB414": Code("plug-in gate", "A gate of an installed package lets the version pass."),
    "RB601": Code("tag missing", "Every event of main's history has its tag."),
    "RB602": Code("tag extra", "Every tag of the trail records something that main's history holds."),
    "RB603": Code("tag moved", "A tag stands on its commit, under the name that stands inside of it."),
    "RB604": Code("tag edited", "A tag says what main's history says."),
    "RB605": Code("tags out of order", "The tags follow each other as the events do on main."),
    "RB606": Code("tag back-dated", "A tag's date is when its event landed, in the order of main."),
    "RB607": Code("tag unsigned", "Once a trail is signed, every later tag is."),
    "RB608": Code("chain broken", "Each tag names the tag object before it, so that none can be replaced."),
    "RB609": Code("signature broken", "A tag's signature is one over this very tag."),
    "RB610": Code("signer not allowed", "Who signed a tag was allowed to when its event landed, or later."),
    "RB611": Code("record changed", "What was registered stands on main as it was registered."),
    "RB612": Code("approval broken", "A signed approval is one of this very transition."),
    "RB613": Code("main rewritten", "Every commit that a tag or a witness names is on main still."),
    "RB614": Code("witness contradicted", "Today's trail extends what a witness saw of it."),
    "RB615": Code("tag in the way", "No tag made by hand bears the name of one of the trail."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its code, where it stands (`line` counts from 1), and what to do about it.

    `key` is the place inside a YAML file, such as `artifact.size`; empty when the whole file is meant. What
    is `waiting` is an error that time or other people still put right, such as an approval that is not given
    yet: a proposal may be made with it, and nothing lands with it.
    """

    code: str
    path: str
    message: str
    line: int | None = None
    key: str = ""
    hint: str = ""
    severity: Severity = "error"
    waiting: bool = False


def arranged(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by path, line and code, each once."""
    return sorted(dict.fromkeys(findings), key=_place)


def _place(finding: Finding) -> tuple[str, int, str, str, str]:
    return finding.path, finding.line or 0, finding.code, finding.key, finding.message

"""Everything that a check can find, by its code. A code is public and never changes its meaning."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from rollbook.check.finding import Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

# Those of no gate: a gate brings its own.
_OTHERS = {
    "RB101": Rule("unreadable file", "A YAML file is strict YAML 1.2 in UTF-8; JSON is JSON; text is UTF-8."),
    "RB102": Rule("schema violated", "Every file holds what its JSON Schema asks for, and nothing else."),
    "RB103": Rule(
        "file missing", "A registry has a policy, a model its model.yaml, a version its manifest and pointer."
    ),
    "RB104": Rule("stray file", "Under registry/ stand only the files that the layout has a place for."),
    "RB105": Rule("no regular file", "Links, submodules and executable files have no place in a registry."),
    "RB106": Rule(
        "unsafe file name", "File names work on every operating system and look like what they are."
    ),
    "RB107": Rule(
        "file too large", "A file of a registry has at most 1 MiB; artifacts belong into the DVC remote."
    ),
    "RB108": Rule("newer format", "The registry's format is newer than this tool, which can't judge it."),
    "RB109": Rule(
        "bytes changed by attributes",
        "No attribute of git's changes what clones get of registry/.",
    ),
    "RB110": Rule(
        "too much to judge",
        "A change has no more commits, files, bytes and faults than can be judged, nor takes too long.",
    ),
    "RB201": Rule(
        "name mismatch", "What a file says it is about agrees with the directory and the name it has."
    ),
    "RB202": Rule(
        "case twin", "No two names in one directory differ in case only: some file systems fold them."
    ),
    "RB203": Rule("version unknown", "A stage or an alias names only versions that exist."),
    "RB204": Rule("stage exclusive", "An exclusive stage holds one version at most."),
    "RB205": Rule("pointer disagrees", "The DVC pointer and the manifest describe the same artifact."),
    "RB206": Rule("stage unknown", "A version stands only in stages that the policy has."),
    "RB207": Rule("version in two stages", "A version stands in one stage, once."),
    "RB208": Rule("alias hides a stage", "An alias is not named like a stage, nor `latest`."),
    "RB209": Rule("naming pattern", "A new model's name follows the pattern that the policy asks for."),
    "RB210": Rule("model and namespace", "A name is a model or a namespace of models, not both."),
    "RB211": Rule("named file missing", "A file that the manifest names stands beside it."),
    "RB212": Rule("policy inconsistent", "The policy's stages are distinct, and it names no others."),
    "RB213": Rule("evidence misplaced", "Evidence is about the artifact of the version it stands with."),
    "RB214": Rule("digest disagrees", "A file beside the manifest has the SHA-256 that the manifest gives."),
    "RB215": Rule(
        "DVC entry drifted", "With `dvc_artifacts`, dvc.yaml names the artifact of the newest version."
    ),
    "RB216": Rule(
        "attachment disagrees",
        "Each attachment of evidence has its DVC pointer, and the other way round.",
    ),
    "RB217": Rule(
        "name reads as a version", "A stage or an alias is not named like a version, for which `@` takes it."
    ),
    "RB221": Rule(
        "removal disagrees", "The record of a removal agrees with the manifest; no pointer stands beside it."
    ),
    "RB222": Rule(
        "removed version in use", "A version without its artifact holds no exclusive stage and no alias."
    ),
    "RB223": Rule(
        "import disagrees",
        "What an import says of its origin follows from the tags it holds, and they from the manifest.",
    ),
    "RB224": Rule("default alias hides a stage", "The policy's default alias is not named like a stage."),
    "RB225": Rule("no such training", "A training's days exist, and it does not end before it starts."),
    "RB226": Rule(
        "no such back-filling",
        "A version that is back-filled was made before its registration, and that is past.",
    ),
    "RB227": Rule("registered by another", "Who is said to have back-filled a version made the change."),
    "RB228": Rule(
        "data told twice", "What `training` and `lineage.data` of a new version say of its data agrees."
    ),
    "RB229": Rule(
        "data made from itself", "What data was made from leads back to its beginning, in a few steps."
    ),
    "RB232": Rule(
        "attests something else",
        "A signature or a provenance beside a manifest is about the artifact and the code that it names.",
    ),
    "RB233": Rule(
        "signer unknowable", "The key or the certificates of each who may sign models can be read."
    ),
    "RB234": Rule(
        "monitoring inconsistent",
        "What is monitored names sources and stages that there are, once, within bounds that can be met.",
    ),
    "RB235": Rule(
        "monitoring without its gate",
        "Where the monitor takes versions out, the gate `monitoring` keeps them from coming back unnoticed.",
    ),
    "RB301": Rule(
        "write-once file edited", "What was registered never changes: content, mode, type or company."
    ),
    "RB302": Rule(
        "write-once file removed", "What was registered stays: a version is archived, not removed."
    ),
    "RB303": Rule("illegal transition", "A version moves only along the transitions of the base's policy."),
    "RB304": Rule("version decreases", "A new version is the newest, or a patch to a line that exists."),
    "RB305": Rule("merge conflict", "The change merges into its base without a conflict."),
    "RB306": Rule(
        "several versions at once", "Tools that read GTO tags know one version of a model per commit."
    ),
    "RB307": Rule(
        "origin", "What a model was taken over from comes with the model, and says what the old tags say."
    ),
    "RB308": Rule(
        "stage entry rewritten", "Why and by whom a version got into its stage is not rewritten later."
    ),
    "RB309": Rule(
        "artifact must stay", "An artifact goes only when the base's rules of retention let it go."
    ),
    "RB310": Rule("removed version moves", "A version whose artifact is removed stays where it stands."),
    "RB312": Rule(
        "wrongly waived", "Only what the policy waives for a rollback is said to be waived, and of one only."
    ),
    "RB313": Rule(
        "alias without a record",
        "An alias that is on record, or that gates guard, changes with an entry that says who asked and why.",
    ),
    "RB314": Rule(
        "alias record reused",
        "An alias that points to another version has an entry written for that version.",
    ),
    "RB311": Rule("dated in the future", "No commit's date is ahead of the clock by more than five minutes."),
    "RB316": Rule(
        "entry wrongly changed",
        "An entry that changes while its version stays has the next revision, and is asked for anew.",
    ),
    "RB317": Rule(
        "more than all traffic",
        "No change makes the shares of the traffic in a stage more than 100 per cent.",
    ),
    "RB318": Rule(
        "nothing in production", "A change that leaves a model without a version in production is meant so."
    ),
    "RB319": Rule(
        "not automatic",
        "What says that the monitor moved it rests on evidence that is there, and on the base's policy.",
    ),
    "RB320": Rule(
        "nothing to set aside", "Evidence that is set aside for a move is there, is about it, and failed."
    ),
    "RB501": Rule("not allowed", "Whoever made a commit has a role that may change the file."),
    "RB502": Rule(
        "not the signer", "A commit that is signed, or has to be, is signed by a key of the author it names."
    ),
    "RB503": Rule("owners drifted", "`.github/CODEOWNERS`, once generated, says what the policy says."),
    "RB504": Rule(
        "sunset", "What is deprecated is taken out of use by its sunset; some days ahead there is a warning."
    ),
    "RB505": Rule(
        "stage kept for others", "Whoever moves a version into a stage or out of it has a role that may."
    ),
    "RB506": Rule("grant without models", "A pattern that roles are given for means some model."),
    "RB507": Rule("stage out of reach", "Somebody has a role that a stage is kept for."),
    "RB508": Rule(
        "monitor kept out", "The monitor has a role by which it may do what the policy lets it do."
    ),
    "RB400": Rule("gate unknown", "A gate that this tool can't judge does not let anything pass."),
    "RB601": Rule("tag missing", "Every event of main's history has its tag."),
    "RB602": Rule("tag extra", "Every tag of the trail records something that main's history holds."),
    "RB603": Rule("tag moved", "A tag stands on its commit, under the name that stands inside of it."),
    "RB604": Rule("tag edited", "A tag says what main's history says."),
    "RB605": Rule("tags out of order", "The tags follow each other as the events do on main."),
    "RB606": Rule("tag back-dated", "A tag's date is when its event landed, in the order of main."),
    "RB607": Rule("tag unsigned", "Once a trail is signed, every later tag is."),
    "RB608": Rule("chain broken", "Each tag names the tag object before it, so that none can be replaced."),
    "RB609": Rule("signature broken", "A tag's signature is one over this very tag."),
    "RB610": Rule("signer not allowed", "Who signed a tag was allowed to when its event landed, or later."),
    "RB611": Rule("record changed", "What was registered stands on main as it was registered."),
    "RB612": Rule("approval broken", "A signed approval is one of this very transition."),
    "RB613": Rule("main rewritten", "Every commit that a tag or a witness names is on main still."),
    "RB614": Rule("witness contradicted", "Today's trail extends what a witness saw of it."),
    "RB615": Rule("tag in the way", "No tag made by hand bears the name of one of the trail."),
    "RB616": Rule(
        "objects replaced", "A clone holds nothing by which git shows other objects than there are."
    ),
}


@functools.cache
def rules() -> Mapping[str, Rule]:
    """Return what each code stands for, in their order. The gates are loaded for it."""
    from rollbook.check.gate_judgement import ALL_GATES

    return dict(sorted({**_OTHERS, **{gate.code: gate.rule for gate in ALL_GATES.values()}}.items()))

"""What the source must not hold again: each rule stands for a kind of weakness that was mended everywhere.

Reads the syntax tree with Python alone: the rules need no types, and a linter of its own would be one more
thing to install and to trust.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "rollbook"

# `str.splitlines` splits at ten more characters than git does, all of which a name may hold. Here it reads
# what is not git's: a file of the repository's own, a program's output, a constant.
SPLITTING = {
    "artifact/untrusted_remote.py", "check/card_sections.py", "check/gates/command.py",
    "check/requirements_file.py", "cli/card.py", "cli/demo/kept.py", "cli/demo/shell.py",
    "insight/query/index/update.py", "insight/query/views.py",
    "propose/declared_requirements.py", "propose/new_registry.py", "trail/head.py",
    "yaml/edit.py", "yaml/write.py",
}  # fmt: skip
# What starts programs, beside git's own room.
STARTING = {
    "artifact/running/bounded_command.py", "artifact/running/bounded_process.py",
    "artifact/running/declared_environment.py", "artifact/running/sandbox.py", "cli/demo/shell.py",
    "cli/workflow_step.py", "integrations/monitor/service.py",
    "integrations/monitor/sources/log_query_process.py", "signing/openpgp.py",
    "signing/ssh_keygen.py", "snapshot/workers.py",
}  # fmt: skip
# What unpickles, in a process that is shut in, a model that is trusted.
UNPICKLING = {"artifact/running/model_child/model_openers.py"}
EXECUTING = {
    "eval", "exec", "yaml.load", "yaml.load_all", "yaml.full_load", "yaml.unsafe_load", "pickle.load",
    "pickle.loads", "marshal.loads", "shelve.open", "os.system", "os.popen", "tempfile.mktemp",
}  # fmt: skip
RUNNING = {
    "subprocess.run",
    "subprocess.Popen",
    "subprocess.check_output",
    "subprocess.check_call",
    "subprocess.call",
}


def weaknesses(source: str, path: str) -> list[str]:
    """What a module does that none may, or that only others may."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.List):
            found += _interpreter(node)
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name in EXECUTING and not (name == "pickle.load" and path in UNPICKLING):
            found.append(f"{name} runs what it reads")
        if isinstance(node.func, ast.Attribute) and node.func.attr == "splitlines" and path not in SPLITTING:
            found.append("splitlines splits where git does not")
        if name in RUNNING and path not in STARTING and not path.startswith("git/"):
            found.append(f"{name} starts a program past the git room")
        if any(keyword.arg == "shell" and ast.unparse(keyword.value) != "False" for keyword in node.keywords):
            found.append("a shell reads the command")
    return found


def _interpreter(command: ast.List) -> list[str]:
    """A command that starts Python so that the current directory is where it imports from."""
    words = [ast.unparse(word).strip("'\"") for word in command.elts]
    if words[:1] == ["sys.executable"] and not {"-I", "-P"} & set(words[1:2]):
        return ["Python imports from the working tree"]
    return []


@pytest.mark.parametrize(
    "module", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE))
)
def test_a_module_is_without_the_kinds_of_weakness_that_were_mended(module: Path) -> None:
    assert weaknesses(module.read_text(), str(module.relative_to(SOURCE))) == []


@pytest.mark.parametrize(
    "line",
    [
        "git('for-each-ref').splitlines()",
        "subprocess.run(['git', 'status'])",
        "subprocess.run(command, shell=True)",
        "start([sys.executable, '-m', 'rollbook'])",
        "yaml.load(text, Loader=yaml.Loader)",
        "pickle.loads(data)",
        "eval(text)",
    ],
)
def test_a_module_with_such_a_line_is_found(line: str) -> None:
    assert weaknesses(line, "trail/any.py")

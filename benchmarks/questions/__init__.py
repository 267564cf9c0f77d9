"""Every question that is put to a registry, in the order in which they are put."""

from __future__ import annotations

from benchmarks.questions import (
    asking,
    catalog,
    checking,
    mlflow_reads,
    mlflow_writes,
    monitoring,
    reading,
    registering,
    remote,
    serving,
    trail,
)

QUESTIONS = {
    question.name: question
    for module in (
        reading,
        asking,
        checking,
        registering,
        trail,
        remote,
        catalog,
        monitoring,
        mlflow_reads,
        mlflow_writes,
        serving,
    )
    for question in module.QUESTIONS
}

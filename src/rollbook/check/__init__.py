"""What is wrong with a registry, or with what a change does to it.

In the order of the work: `document` and `registry_files` read; `rules/` look at what was read and yield what
`finding` and `codes` name. `whole_tree` judges a registry as it stands (`everything` what `clean_files` does
not remember, in `shares`), `judge` a change, a merge or a push: `scope` says what it concerns, `authors` and
`contributors` who made it, `base_context` what its base tells. A promotion is put together by `gate_context`,
judged by `gate_judgement` with the gates in `gates/`, and told by `promotion_report`. `report/` prints.
"""

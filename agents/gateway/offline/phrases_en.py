"""The English phrases."""

PHRASES = {
    # specifications.md
    "specifications.title": "# Specifications",
    "specifications.keeper": "*Kept by the Specifications agent, from `demande.md`.*",
    "specifications.empty": "The requirements will appear here, numbered, in the request’s order.",
    "specifications.label": (
        "*Offline draft: a program picked out the sentences of the request that oblige someone, "
        "without a language model. A number keeps its sentence for good.*"
    ),
    "specifications.counts": "The request holds {counts}.",
    "specifications.none": (
        "The request holds no requirement yet: none of its sentences obliges anyone to anything. "
        "Add one to `demande.md`, and it will appear here with its number."
    ),
    "specifications.general": "## Requirements",
    "specifications.requirement": "- **R{number}** — “{sentence}”",
    "specifications.advice": "- **R{number}** *(recommended)* — “{sentence}”",
    "specifications.part": "  - “{part}”",
    "specifications.vague": "## Words to pin down",
    "specifications.vague_why": (
        "As they stand, these words cannot be checked. A measure or an example in the request "
        "would settle them."
    ),
    "specifications.vague_head": "| Requirement | Wording |",
    "specifications.vague_row": "| R{number} | “{words}” |",
    "specifications.values": "## Figures and dates to meet",
    "specifications.values_head": "| Requirement | Value given by the request |",
    "specifications.values_row": "| R{number} | {values} |",
    "specifications.rule": "| --- | --- |",
    "specifications.retired": "*Numbers retired, never given again: {numbers}.*",
    "specifications.left_out": (
        "*The request is longer than this file can carry. Sentences left without a number: "
        "{count}.*"
    ),
    # production.md
    "production.title": "# Production",
    "production.keeper": "*Kept by the Production agent, one section a requirement.*",
    "production.empty": "Sections will follow the requirements of `specifications.md`.",
    "production.label": (
        "*Offline draft: a program composed these sections from the request’s own sentences and "
        "general advice, without a language model. To be read, completed and corrected.*"
    ),
    "production.quote": "> {sentence}",
    "production.context": "- **Background:** {text}",
    "production.parts": "- **To deliver:** {text}.",
    "production.approach": "- **Approach:** {text}",
    "production.acceptance": "- **Acceptance:** {text}",
    "production.related": "- **To be handled with:** {text}.",
    "production.file": "- **File:** `{path}`, kept up to date with the requirements.",
    "production.bare": "- **To be worked out:** who takes charge of R{number}, how and by when?",
    "production.amount": "count or measure: {text}.",
    "production.money": "work the sum out again on a real case: {text}.",
    "production.time": "be there and look at the clock: {text}.",
    "production.date": "show the result at work on the day: {text}.",
    "production.case": "play the case “{text}” in front of a witness.",
    "production.absence": "try to break the prohibition, and fail.",
    # management.md
    "management.title": "# Management",
    "management.keeper": "*Kept by the Management agent: the tasks and the team.*",
    "management.empty": "No task for now.",
    "management.label": "*Offline: a program works out this list.*",
    "management.progress": "Tasks done: {done} of {count}.",
    "management.complete": "Everything is done: {done} of {count}.",
    "management.tasks": "## Tasks",
    "management.open": "- [ ] **R{number}** — {title}",
    "management.done": "- [x] **R{number}** — {title}",
    "management.team": "## Team",
    "management.team_head": "| Agent | Keeps |",
    "management.rule": "| --- | --- |",
    "management.member": "| {agent} | {kept} |",
    # Lines of former tables, known again so that they give way.
    "management.former_head": "| Agent | State |",
    "management.former_member": "| {agent} | {state} |",
    # evaluation.md
    "evaluation.title": "# Evaluation",
    "evaluation.keeper": "*Kept by the Evaluation agent: what is done, what is missing.*",
    "evaluation.empty": "Nothing to evaluate for now.",
    "evaluation.label": (
        "*Offline: a program counts the sections; it does not judge what they are worth.*"
    ),
    "evaluation.balance": "## Balance",
    "evaluation.total": "- Requirements: {count}",
    "evaluation.covered": "- Covered: {count}",
    "evaluation.uncovered": "- Uncovered: {count}",
    "evaluation.all": "*Every requirement has its section in `production.md`.*",
    "evaluation.missing": "## Missing sections",
    "evaluation.missing_row": "- **R{number}** has no section in `production.md`: “{quoted}”",
    "evaluation.blank": "## Empty sections",
    "evaluation.blank_row": "- **R{number}** has a heading but no text: “{quoted}”",
    "evaluation.lost": "## Figures left out",
    "evaluation.lost_row": "- **R{number}** asks for {values}; its section does not say so.",
    "evaluation.orphans": "## Sections without a requirement",
    "evaluation.orphan_row": (
        "- Section number {number} answers no sentence of the request: “{quoted}”"
    ),
    "evaluation.detail": "## Detail",
    "evaluation.detail_head": "| Requirement | Subject | State |",
    "evaluation.rule": "| --- | --- | --- |",
    "evaluation.ok_row": "| R{number} | {title} | covered |",
    "evaluation.ko_row": "| R{number} | {title} | uncovered |",
    # Lines of former evaluations, which quoted nothing.
    "evaluation.former_all": "Every requirement has its section in `production.md`.",
    "evaluation.former_missing": "- **R{number}** has no section in `production.md`: {title}",
    "evaluation.former_blank": "- **R{number}** has a heading but no text: {title}",
    "evaluation.former_orphan": "- Section number {number} answers no sentence of the request.",
    # suivi.md
    "suivi.title": "# Follow-up",
    "suivi.keeper": "*Kept by the Follow-up agent: the journal of the mission.*",
    "suivi.empty": "Nothing to record for now.",
    "suivi.label": "*Offline: a program copies the mission’s records here. Times are UTC.*",
    "suivi.day": "## {date}",
    "suivi.entry": "- {time} — {text}",
    "suivi.older": "*Older entries are in the history of revisions.*",
    # duplication.md
    "duplication.title": "# Duplication",
    "duplication.keeper": "*Kept by the Duplication agent: what is said twice.*",
    "duplication.empty": "Nothing to compare for now.",
    "duplication.label": (
        "*Offline: a program compares the words of passages without weighing their sense; "
        "quotations do not count.*"
    ),
    "duplication.none": "No passage is repeated in the specifications and the production.",
    "duplication.found": "Passages repeated: {count}.",
    "duplication.exact": "- **Identical** — {place} and {other}: “{excerpt}”",
    "duplication.near": "- **Very close** — {place} and {other}: “{excerpt}”",
    "duplication.code": "- **Same code** — {place} and {other}: `{excerpt}`",
    # files under production/
    "deliverable.label": (
        "*Offline draft: a program sorted the requirements by heading, without a language model. "
        "The texts are in `production.md`.*"
    ),
    "deliverable.lots": "## Lots",
    "deliverable.head": "| Lot | Requirements |",
    "deliverable.rule": "| --- | --- |",
    "deliverable.row": "| {name} | {numbers} |",
    "deliverable.dates": "## Dates",
    "deliverable.dates_head": "| Requirement | Subject | Date |",
    "deliverable.dates_rule": "| --- | --- | --- |",
    "deliverable.dates_row": "| R{number} | {title} | {values} |",
    "deliverable.open": "## To be settled before committing",
    "deliverable.open_row": "- **R{number}** says “{words}” without giving a measure.",
    "deliverable.asked": "This file answers {numbers}.",
}

ROLES = {
    "specifications": "Specifications",
    "production": "Production",
    "management": "Management",
    "evaluation": "Evaluation",
    "suivi": "Follow-up",
    "duplication": "Duplication",
}

STATES = {
    "STOPPED": "stopped",
    "PAUSED_BUDGET": "paused: budget reached",
    "PAUSED_BREAKER": "paused: model out of reach",
    "BACKING_OFF": "waiting after a failure",
    "failed": "at work; its last run failed",
    "new": "has not worked yet",
    "well": "at work",
}

OUTCOMES = {
    "changed": "{who} changed {what}{about}.",
    "saved": "{who} changed {what}{about}.",
    "created": "{who} wrote {what}{about}.",
    "restored": "{who} brought back an earlier version of {what}{about}.",
    "reverted": "{who} took back what a run had done to {what}{about}.",
    "moved": "{who} moved {what}{about}.",
    "removed": "{who} removed {what}{about}.",
    "accepted": "{who} accepted a proposal{about}.",
    "partly": "{who} accepted a proposal in part{about}.",
    "declined": "{who} declined a proposal{about}.",
    "expired": "A proposal has expired{about}.",
    "proposed": "{who} proposed a change, which awaits approval{about}.",
    "rejected": "{who} tried to make a change, which was refused{about}.",
    "failed": "{who} could not finish{about}.",
    "timed_out": "{who} ran out of time{about}.",
    "cancelled": "{who} was interrupted{about}.",
    "stopped_budget": "{who} stopped: budget reached.",
    "stopped_breaker": "{who} stopped: model out of reach.",
    "external": "Someone changed {what} outside the application{about}.",
}

WORDS = {
    "one_requirement": "1 requirement",
    "requirements": "{count} requirements",
    "one_advice": ", 1 of them a recommendation",
    "advice": ", {count} of them recommendations",
    "one_file": "`{path}`",
    "revision": " (revision {number})",
    "about": " ({text})",
    "agent": "The {name} agent",
    "mission": "the mission",
    "under": "`{path}`, under “{heading}”,",
    "in": "`{path}`",
    "and": " and ",
    "list": "; ",
    "quoted": "“{text}”",
    "general": "Requirements",
    "nothing": "—",
    "someone": "Someone",
}

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

REPLIES = {
    "done": "I have brought {files} up to date.",
    "nothing": "{files} already says what it should: I change nothing.",
    "many_nothing": "My files already say what they should: I change nothing.",
    "unknown": "The offline writer does not know the role “{role}”: it changes nothing.",
    "blocked": "This change cannot be put in the format asked for: I change nothing.",
}

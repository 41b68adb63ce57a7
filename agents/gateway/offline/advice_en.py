"""What an experienced hand asks first, by kind of requirement, in English.

For each kind: how to go about it, then how to accept it. Each sentence serves once in a file.
"""

# ruff: noqa: E501 - prose reads best unbroken

APPROACHES = {
    "feature": (
        "describe one real person’s whole path, from the first gesture to the last, before choosing a tool.",
        "show a mock-up to three future users, then build only what they understood without help.",
        "begin with the commonest case; list the exceptions and decide, one by one, whether they are worth building.",
        "start from what the teams do today, and say what disappears, what stays and what changes hands.",
        "name the person who will settle questions of detail while the work is under way.",
        "deliver a narrow but complete version first, used for real by a small group.",
        "write down what the person sees when all goes well, then what they see when something is missing.",
        "find out whether a tool already in place does half of it, and what it would need to do it well.",
        "spend half a day in the field with those who will do it, and note what slows them down.",
        "plan the way back: who can undo it, until when, and what remains.",
        "keep typing to a minimum; what the service already knows is not asked again.",
        "settle rights first: who may do it, who may see it, who may undo it.",
    ),
    "message": (
        "write the exact wording first, with its sender and its time of day; the technique comes after.",
        "plan for the message that does not arrive: a wrong number, a full mailbox, an operator’s breakdown.",
        "keep a trace of every sending, with its time and result, so that a complaint can be answered.",
        "offer another channel to people who have neither an e-mail address nor a mobile phone.",
    ),
    "privacy": (
        "list the data collected, the reason for each item, who sees it and when it is erased.",
        "ask only for what is used; data that is not there needs no protection.",
        "give each role the rights of its job and not one more, then have the data protection officer read the list.",
        "make erasure automatic: what depends on someone remembering does not happen.",
    ),
    "access": (
        "aim at the accessibility rules from the first mock-up; catching up at the end costs several times as much.",
        "have the service tried by the people concerned, on their own equipment.",
        "write in short sentences without acronyms, and read them aloud.",
        "check every screen with the keyboard alone, then at the size of a small phone.",
    ),
    "continuity": (
        "list the plausible failures and say, for each, what the user sees and who steps in.",
        "prepare a way to work without the tool for one day, and rehearse it once before opening.",
        "settle how much data may be lost and how soon work must resume.",
    ),
    "speed": (
        "estimate the number of users in the busiest hour, then size for twice as many.",
        "measure on an ordinary network and device, not on those of the developers.",
        "show users that their request was received, even before the result is ready.",
    ),
    "exchange": (
        "get hold of one real file, however old, before writing a line of the exchange.",
        "agree in writing on the format, the rhythm, and who corrects a line that is refused.",
        "rehearse the transfer, count the differences, and repeat until the count is right.",
    ),
    "money": (
        "price the purchase, the running and the closing separately, over the whole contract.",
        "separate what is fixed from what grows with use, and say at what use the budget runs out.",
        "have the accountant approve the way of invoicing before the first expense.",
    ),
    "people": (
        "train everyone on their own cases, just before opening, in groups small enough for all to practise.",
        "name one person in each team who can answer colleagues’ questions.",
        "leave one page at each desk with the five gestures of every day.",
    ),
    "report": (
        "start from the decisions that the document is to inform; a figure that nobody uses need not be produced.",
        "define each indicator in one sentence: what is counted, over which period, from which source.",
        "produce the document once by hand, to learn whether it is wanted before automating it.",
    ),
    "deadline": (
        "work back from the imposed date, with holidays, approvals and a margin that is stated.",
        "tie a decision to each stage: go on, correct, or give up.",
        "announce at once what will be dropped if time runs short.",
    ),
    "deliverable": (
        "have a one-page outline approved before writing.",
        "say for each document who reviews it, within how many days, and what silence means.",
        "deliver in a format that its owner can change without the supplier.",
    ),
}

CHECKS = {
    "feature": (
        "someone who took no part in the project completes the task unaided while the team looks on.",
        "the ordinary case and the two commonest exceptions are played from end to end.",
        "the head of service signs the result observed, not a description of it.",
        "the same operation is repeated on another day, by another person, with the same result.",
        "two weeks of real use go by without anyone having to work around it.",
        "a mistake made on purpose is pointed out clearly and put right without a call.",
        "ten cases drawn by lot are reviewed; none contradicts the rule.",
        "a newcomer manages with nothing but what is on display.",
        "what was done is found again the next day, complete, by whoever may see it.",
        "the person who asked for it tries it in person and says whether this is it.",
    ),
    "message": (
        "one sending to a good address and one to a bad address each leave the expected trace.",
        "three recipients read the message and say in their own words what it asks of them.",
    ),
    "privacy": (
        "an account without the right tries the operation and is refused, and the refusal is recorded.",
        "an item past its term is looked for everywhere, backups included, and is nowhere to be found.",
    ),
    "access": (
        "an audit by a third party leaves no blocking defect.",
        "a partially sighted person and a person who uses no mouse both reach the end.",
    ),
    "continuity": (
        "a cut provoked in the middle of use loses nothing that the screen had confirmed.",
        "a full restoration is made from the latest backup, watch in hand.",
    ),
    "speed": (
        "the measure is taken at the busiest hour, over a hundred operations, and the slowest are kept.",
        "a load test at twice the expected traffic is recorded with its curves.",
    ),
    "exchange": (
        "lines sent equal lines received plus lines refused, each refusal with its reason.",
        "a file damaged on purpose is refused whole, with a message that says where the error is.",
    ),
    "money": (
        "the statement of one real month is compared with the estimate, item by item.",
        "two people work out the same amount separately.",
    ),
    "people": (
        "a week later, every participant manages alone what was taught.",
        "calls for help are counted during the first month, and fall week by week.",
    ),
    "report": (
        "the figures of a known period are recalculated by hand and agree.",
        "the reader names one decision taken thanks to the document.",
    ),
    "deadline": (
        "when the day comes, a demonstration takes the place of a report.",
        "any delay is known by the preceding stage at the latest.",
    ),
    "deliverable": (
        "the document is handed over, reviewed and accepted by the person named.",
        "a reader from outside finds in it, within five minutes, the answers to three questions drawn by lot.",
    ),
}

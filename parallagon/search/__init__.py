"""Search: what missions are called, what their files say, what runs went through.

``words`` knows what a query means, ``engines`` how the database looks for it, ``documents`` what
there is to be found; ``services`` keep the index true, ``selectors`` answer people.

Nobody tells the index that something changed. Every change raises the number of its mission's last
event in its own transaction; a mission whose number is higher than the one it was indexed with is
looked at again. A landing does nothing for search, and a killed process forgets nothing.
"""

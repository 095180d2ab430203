"""The event spine: facts are recorded in the outbox, relayed to a broker, and consumed exactly once in effect.

Words: an *event* is a fact in the past tense; the *outbox* holds events until a broker confirmed them; the *relay*
moves them; a *consumer* has a *queue* bound to *topics*; the *inbox* remembers what a consumer has done; a
*dead letter* is a delivery that failed too often.
"""

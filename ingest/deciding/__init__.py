"""What a mail is and where it belongs: pure functions of the parsed mail and of the facts known about it.

Words: an *arrival* is a mail with how it came; *facts* are what the database knows that bears on it; a *finding* is one
rule that fired and why; the *decision* is what is to be done. The order of the rules is that of `decide`.
"""

"""Mail parsing: raw bytes to a `ParsedMail`. Pure: no database, no network, no clock.

Words: a *part* is a node of the MIME tree; the *body* is the text to read; *folding* sorts its lines into new text,
*quoted* history and *signature*, and loses none; an *attribution* is the line that announces a quote ("On … wrote:");
a mail is *automatic* when a machine wrote it, and a *bounce* when it reports a delivery; a *limit* bounds the work one
mail may cause, and what *exceeds* it is kept raw and reported.
"""

"""A corpus read in two passes for each kind of tokens: `collect` gives the tokenizer, `ids` gives the ids.

`merged` gives the tokenizer of several corpora together, where that is the one of all of them read in one go.
"""

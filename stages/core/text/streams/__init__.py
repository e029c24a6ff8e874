"""A corpus read in two passes for each kind of tokens: `collect` gives the tokenizer, `ids` gives the ids."""

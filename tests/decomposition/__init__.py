"""The three errors on truths that are known."""

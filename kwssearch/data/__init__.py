"""Recordings: words, speakers, splits, and what is wrong with a folder of them."""

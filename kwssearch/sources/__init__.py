"""Data sets by name: msc is fetched, builtin is spoken."""

LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}

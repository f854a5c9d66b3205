"""A folder of words out of recordings as people have them."""

from kwssearch.data.importing.folder import ImportOptions, Summary, import_folder

__all__ = ["ImportOptions", "Summary", "import_folder"]

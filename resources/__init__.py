"""What ships beside the code: fonts, icons and the files an installation needs; every folder names its licence."""

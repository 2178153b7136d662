"""What pytest loads for all tests and for the doctests of ``dlcourse``."""

pytest_plugins = ["pytester", "pytest_gpu"]

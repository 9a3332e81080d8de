"""The packages and their files, those of `configs/` too; everything else is said in pyproject.toml."""

from setuptools import find_namespace_packages, find_packages, setup

configs = ["got_train.configs", *(f"got_train.configs.{name}" for name in find_namespace_packages("configs"))]
setup(
    # To setuptools a folder of files is a package too.
    packages=[
        *find_packages(include=["got_train*", "data_engines*"]),
        "got_train.pages.templates",
        "got_train.demo.static",
        *configs,
    ],
    package_dir={"got_train.configs": "configs"},
    package_data={"": ["*.css", "*.html", "*.jinja", "*.js", "*.json", "*.yaml"]},
)

"""One module for each kind of sample; `data_engines.engine` says what such a module holds."""

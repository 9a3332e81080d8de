"""One room for each kind of sample; `data_engines.engine` says what the module `engine` in it holds."""

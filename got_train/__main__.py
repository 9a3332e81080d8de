"""`python -m got_train`, for torchrun and deepspeed."""

from got_train.cli import main

main()

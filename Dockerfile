# got-train on a machine with NVIDIA GPUs, whose driver and container toolkit are the host's.
#   docker build --tag got-train .
#   docker run --gpus all --shm-size=16g --user "$(id -u):$(id -g)" --env HOME=/work --volume "$PWD:/work" got-train \
#     train configs/finetune_lora.yaml data.train=rows.jsonl
FROM python:3.12-slim
# a compiler, for the kernels that torch and DeepSpeed build when they run
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential git \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/got-train
COPY pyproject.toml setup.py README.md LICENSE ./
COPY scripts/constraints.txt scripts/constraints.txt
COPY configs configs
COPY got_train got_train
COPY data_engines data_engines
RUN pip install --no-cache-dir --constraint scripts/constraints.txt '.[engines,eval,render,serve]'
WORKDIR /work
ENTRYPOINT ["got-train"]

"""Serves a model on a Ray cluster: Ray Serve LLM runs vLLM, with this package's plugin, once for each GPU.

    ray start --head                                  # `ray start --address=HEAD:6379` on the other nodes
    python scripts/serve_ray.py MODEL --replicas 8    # on the first node, until Ctrl-C
    got-train infer MODEL --server http://127.0.0.1:8000 --image scans/ --output read.jsonl

Without `ray start` it serves on this machine alone. got-train, vLLM and Ray are needed on every node, and
MODEL under the same path.
"""

import argparse
from typing import Any

from omegaconf import OmegaConf
from ray import serve
from ray.serve.llm import build_openai_app

from got_train.command_options import SERVED_NAME, positive
from got_train.ending import run_and_end
from got_train.report import UserError, one_line
from got_train.serving.serve import servable, vllm_settings


def setting(word: str) -> str:
    """A word of the command line that sets something."""
    if "=" not in word:
        raise argparse.ArgumentTypeError(f"write KEY=VALUE, not {word}")
    return word


def app_config(options: argparse.Namespace) -> dict[str, Any]:
    """What Ray Serve LLM is told of the model."""
    folder = servable(options.model).absolute()
    settings = OmegaConf.create(vllm_settings(folder, "cpu" if options.cpu else "cuda"))
    settings.merge_with_dotlist(options.settings)
    model = {
        "model_loading_config": {"model_id": SERVED_NAME, "model_source": str(folder)},
        "engine_kwargs": OmegaConf.to_container(settings),
        "accelerator_config": {"kind": "cpu" if options.cpu else "gpu"},
        "deployment_config": {"num_replicas": options.replicas},
    }
    # what passes questions on needs little, and small machines have no whole CPU left for it
    return {"llm_configs": [model], "ingress_deployment_config": {"ray_actor_options": {"num_cpus": 0}}}


def run(options: argparse.Namespace) -> int:
    """Serves until it is interrupted."""
    config = app_config(options)
    try:
        app = build_openai_app(config)
    except ValueError as error:  # Ray's own about a setting that vLLM does not have
        raise UserError(one_line(error)) from None
    serve.start(http_options={"host": options.host, "port": options.port})
    serve.run(app, blocking=True)
    return 0


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a checkpoint or run, on a disk that all nodes see")
    parser.add_argument(
        "settings", nargs="*", type=setting, metavar="KEY=VALUE", help="more settings of vLLM's engine"
    )
    parser.add_argument("--replicas", type=positive, default=1, help="copies of the model (%(default)s)")
    parser.add_argument("--cpu", action="store_true", help="one CPU in place of one GPU for each copy")
    parser.add_argument("--host", default="127.0.0.1", help="(default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="(default: %(default)s)")
    options = parser.parse_intermixed_args()  # settings may stand behind options
    run_and_end(lambda: run(options), "the same command starts it again")


if __name__ == "__main__":
    main()

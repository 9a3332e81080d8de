"""The authors' layout made by hand, and a model to compare with that is put together from other parts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch.nn import functional
from transformers import (
    GotOcr2ForConditionalGeneration,
    GotOcr2VisionConfig,
    Qwen2Config,
    Qwen2ForCausalLM,
    SamVisionConfig,
)
from transformers.models.sam.modeling_sam import SamVisionEncoder

from got_train.model.got import GotModel
from got_train.model.tokenizer import vocabulary_file

TOKENS = 16
"""Of a tile of 256 pixels; one of 1024 pixels has 256."""

QWEN = {
    "hidden_size": 1024,
    "intermediate_size": 2816,
    "num_hidden_layers": 2,
    "num_attention_heads": 16,
    "num_key_value_heads": 16,
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": 32768,
    "tie_word_embeddings": True,
}

NARROW = {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 4}
"""With the whole vocabulary, of which the real width would make gigabytes."""

SHALLOW = {"image_size": 256, "num_hidden_layers": 2, "global_attn_indexes": [1]}
"""The encoder at its full width, with one windowed and one global layer over a quarter of the side."""


def encoder_shapes(vision: GotOcr2VisionConfig, channels: int) -> dict[str, tuple[int, ...]]:
    """Tensors of the authors' `ImageEncoderViT`."""
    width, hidden, grid = vision.hidden_size, vision.mlp_dim, vision.image_size // vision.patch_size
    shapes: dict[str, tuple[int, ...]] = {
        "pos_embed": (1, grid, grid, width),
        "patch_embed.proj.weight": (width, 3, 16, 16),
        "patch_embed.proj.bias": (width,),
        "neck.0.weight": (256, width, 1, 1),
        "neck.1.weight": (256,),
        "neck.1.bias": (256,),
        "neck.2.weight": (256, 256, 3, 3),
        "neck.3.weight": (256,),
        "neck.3.bias": (256,),
        "net_2.weight": (512, 256, 3, 3),
        "net_3.weight": (channels, 512, 3, 3),
    }
    for layer in range(vision.num_hidden_layers):
        side = grid if layer in vision.global_attn_indexes else 14
        parts: dict[str, tuple[int, ...]] = {
            "attn.rel_pos_h": (2 * side - 1, 64),
            "attn.rel_pos_w": (2 * side - 1, 64),
            "attn.qkv.weight": (3 * width, width),
            "attn.qkv.bias": (3 * width,),
            "attn.proj.weight": (width, width),
            "attn.proj.bias": (width,),
            "mlp.lin1.weight": (hidden, width),
            "mlp.lin1.bias": (hidden,),
            "mlp.lin2.weight": (width, hidden),
            "mlp.lin2.bias": (width,),
        }
        parts |= {f"norm{i}.{kind}": (width,) for i in (1, 2) for kind in ("weight", "bias")}
        shapes |= {f"blocks.{layer}.{name}": shape for name, shape in parts.items()}
    return shapes


def random_tensor(name: str, shape: torch.Size, rng: torch.Generator) -> torch.Tensor:
    """Drawn so that every tensor matters and none drowns the others."""
    if shape[0] > 100_000:  # a block over and over, no two rows equal: drawing all of it takes seconds
        block = torch.randn(1000, shape[1], generator=rng) * shape[1] ** -0.5
        rows = torch.linspace(0.9, 1.1, shape[0])[:, None]
        return block.repeat(shape[0] // 1000 + 1, 1)[: shape[0]] * rows
    tensor = torch.randn(shape, generator=rng) * (shape[1:].numel() ** -0.5 if len(shape) > 1 else 0.1)
    return tensor + 1 if "norm" in name and name.endswith("weight") else tensor


def original_tensors(
    vision: GotOcr2VisionConfig, vocabulary_size: int, decoder: dict[str, Any] = QWEN
) -> dict[str, torch.Tensor]:
    """Random weights under the names of the authors' `GOTQwenForCausalLM`, without a head."""
    rng = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        qwen = Qwen2ForCausalLM(Qwen2Config(**decoder, vocab_size=vocabulary_size)).state_dict()
    shapes = {name: tensor.shape for name, tensor in qwen.items() if name != "lm_head.weight"}
    width = decoder["hidden_size"]
    shapes |= {
        f"model.vision_tower_high.{name}": torch.Size(shape)
        for name, shape in encoder_shapes(vision, width).items()
    }
    shapes |= {
        "model.mm_projector_vary.weight": torch.Size((width, width)),
        "model.mm_projector_vary.bias": torch.Size((width,)),
    }
    return {name: random_tensor(name, shape, rng) for name, shape in shapes.items()}


def write_original(folder: Path, tensors: dict[str, torch.Tensor], **fields: Any) -> Path:
    """A folder as `stepfun-ai/GOT-OCR2_0`: its configuration's fields, vocabulary and weights."""
    folder.mkdir(parents=True)
    size = len(tensors["model.embed_tokens.weight"])
    given = {
        **QWEN,
        "architectures": ["GOTQwenForCausalLM"],
        "model_type": "GOT",
        "vocab_size": size,
        "rope_theta": 1000000.0,
        "bos_token_id": 151643,
        "eos_token_id": 151643,
        "im_patch_token": size - 1,
        "im_start_token": size - 3,
        "im_end_token": size - 2,
        "image_token_len": 256,
        "sliding_window": 32768,
        "use_sliding_window": False,
        **fields,
    }
    (folder / "config.json").write_text(json.dumps(given))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "QWenTokenizer"}')
    (folder / "qwen.tiktoken").symlink_to(vocabulary_file("qwen"))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@dataclass
class Reference:
    """The authors' model from transformers' Qwen2, transformers' SAM, and three layers by hand."""

    decoder: Qwen2ForCausalLM
    encoder: SamVisionEncoder
    tensors: dict[str, torch.Tensor]

    @classmethod
    def build(
        cls, tensors: dict[str, torch.Tensor], vision: GotOcr2VisionConfig, **fields: Any
    ) -> "Reference":
        size = len(tensors["model.embed_tokens.weight"])
        tensors = {name: tensor.float() for name, tensor in tensors.items()}
        config = Qwen2Config(**{**QWEN, **fields}, vocab_size=size, rope_theta=1e6)
        kept = {
            name: tensor for name, tensor in tensors.items() if "vision" not in name and "vary" not in name
        }
        decoder = Qwen2ForCausalLM.from_pretrained(None, config=config, state_dict=kept)
        names = ("image_size", "num_hidden_layers", "global_attn_indexes")
        encoder = SamVisionEncoder(SamVisionConfig(**{name: getattr(vision, name) for name in names}))
        state = {}
        for name in encoder.state_dict():
            theirs = name.replace("patch_embed.projection", "patch_embed.proj")
            for ours, number in {"conv1": 0, "layer_norm1": 1, "conv2": 2, "layer_norm2": 3}.items():
                theirs = theirs.replace(f"neck.{ours}", f"neck.{number}")
            theirs = theirs.replace("layers.", "blocks.").replace("layer_norm", "norm")
            state[name] = tensors[f"model.vision_tower_high.{theirs}"]
        encoder.load_state_dict(state)
        return cls(decoder.eval(), encoder.eval(), tensors)

    @torch.no_grad()
    def logits(self, ids: torch.Tensor, tiles: torch.Tensor | None) -> torch.Tensor:
        embed = self.decoder.model.embed_tokens.weight
        embeddings = embed[ids]
        if tiles is not None:
            features = self.encoder(tiles).last_hidden_state
            for net in ("net_2", "net_3"):
                weight = self.tensors[f"model.vision_tower_high.{net}.weight"]
                features = functional.conv2d(features, weight, stride=2, padding=1)
            features = functional.linear(
                features.flatten(2).transpose(1, 2),
                self.tensors["model.mm_projector_vary.weight"],
                self.tensors["model.mm_projector_vary.bias"],
            )
            # As the authors' code: what follows the start token, tile after tile.
            start = ids[0].tolist().index(len(embed) - 3) + 1
            embeddings[0, start : start + features.shape[0] * features.shape[1]] = features.flatten(0, 1)
        return self.decoder(inputs_embeds=embeddings).logits


def questions(size: int) -> dict[str, tuple[torch.Tensor, torch.Tensor | None]]:
    """Ids and tiles for a vocabulary of `size`: one picture, two tiles of one, none."""
    rng = torch.Generator().manual_seed(1)
    tiles = torch.randn(2, 3, 256, 256, generator=rng)

    def ids(count: int) -> torch.Tensor:
        picture = [size - 3, *[size - 1] * TOKENS * count, size - 2] if count else []
        return torch.tensor([[5, 89, *picture, 198, 93, 25, 220, 5]])

    return {"plain": (ids(1), tiles[:1]), "two tiles": (ids(2), tiles), "text": (ids(0), None)}


def differences(model: GotModel | GotOcr2ForConditionalGeneration, reference: Reference) -> list[float]:
    found = []
    for ids, tiles in questions(model.config.text_config.vocab_size).values():
        with torch.no_grad():
            logits = model(input_ids=ids, pixel_values=tiles).logits
        found.append((logits - reference.logits(ids, tiles)).abs().max().item())
    return found


def small_folder(folder: Path, vision: GotOcr2VisionConfig, **changed: Any) -> Path:
    """A folder at a width of 64 with 512 tokens; `changed` replaces fields of its configuration."""
    decoder = {**QWEN, **NARROW}
    return write_original(folder, original_tensors(vision, 512, decoder), **{**NARROW, **changed})

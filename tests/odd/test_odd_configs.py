"""Odd configurations: each is read as it is meant, or refused in words that name what is wrong.

A case says what is odd, is a file or words of a command line, and what comes of it: values of keys, or the
telling part of the error.
"""

from pathlib import Path
from typing import Any

import pytest

from got_train.config_file import load_config
from got_train.report import UserError

HEAD = "name: a\ndata: {train: a.jsonl}\n"

FILES: list[tuple[str, str | bytes, str | dict[str, Any]]] = [
    # What the file is
    ("empty", "", "name must be set, in the file or as key=value"),
    ("a comment only", "# nothing yet\n", "name must be set"),
    ("null", "null\n", "name must be set"),
    ("a list", "- name: a\n", "must hold sections such as `model:` and `train:`, not a list"),
    ("a list of lists", "[[1, 2], [3]]\n", "must hold sections such as `model:` and `train:`"),
    ("a number", "5\n", "is not a YAML file: Invalid loaded object type: int"),
    ("a text", "hello\n", "hello is not a config key: allowed: data, eval, lora, model, name"),
    ("two documents", HEAD + "---\nname: b\n", "expected a single document in the stream"),
    ("JSON", '{"name": "a", "data": {"train": "a"}}', {"name": "a", "data.train": ["a"]}),
    ("JSON lines", '{"name": "a"}\n{"name": "b"}\n', "is not a YAML file: did not find expected <document s"),
    ("TOML", "[data]\ntrain = 'a'\n", "is not a YAML file: did not find expected <document start>"),
    ("name=a, as on the command line", "name=a\n", "name=a is not a config key"),
    ("a byte order mark", "\ufeff" + HEAD, {"name": "a"}),
    ("lines of Windows", HEAD.replace("\n", "\r\n"), {"name": "a", "data.train": ["a.jsonl"]}),
    ("UTF-16", HEAD.encode("utf-16"), "is not UTF-8 (invalid start byte at byte 0): save it in UTF-8"),
    ("Latin-1", "name: é\n".encode("latin-1"), "is not UTF-8 (invalid continuation byte at byte 6)"),
    ("GBK", "name: 中文\n".encode("gbk"), "is not UTF-8"),
    ("a character of control", "name: \x07a\n", "is not a YAML file: unacceptable character #x0007"),
    # How it is written
    ("a tab before a key", HEAD + "train:\n\tmax_steps: 2\n", "found character that cannot start any token"),
    ("a tab after a colon", HEAD + "train:\n  max_steps:\t2\n", {"train.max_steps": 2}),
    ("a section twice", HEAD + "train: {seed: 2}\ntrain: {seed: 3}\n", "found duplicate key train"),
    ("a key twice", HEAD + "train:\n  seed: 2\n  seed: 3\n", "found duplicate key seed"),
    ("a key less indented", HEAD + "train:\nmax_steps: 5\n", "did you mean train.max_steps?"),
    ("a key oddly indented", HEAD + "train:\n  seed: 5\n bf16: no\n", "did not find expected key"),
    ("a colon forgotten", HEAD + "train\n", "could not find expected ':'"),
    ("a space forgotten", HEAD + "train:\n  seed:5\n", "train must be a section of keys, not a single value"),
    ("a quote not closed", "name: 'a\n", "found unexpected end of stream"),
    ("a brace not closed", "name: a\ndata: {train: a\n", "did not find expected ',' or '}'"),
    ("a pattern without quotes", "name: a\ndata: {train: *.jsonl}\n", "while scanning an alias"),
    ("a Chinese colon", "name： a\ndata: {train: a}\n", "mapping values are not allowed in this context"),
    ("a space that does not break", HEAD + "sample:\n\u00a0\u00a0crop: yes\n", "did you mean sample.crop?"),
    ("a Cyrillic letter", HEAD + "trаin: {seed: 5}\n", "trаin is not a config key: did you mean train?"),
    ("a letter without width", HEAD + "tra\u200bin: {seed: 5}\n", "did you mean train?"),
    ("a capital", HEAD + "Train: {seed: 5}\n", "Train is not a config key: did you mean data.train or train"),
    ("an anchor", "name: &n a\ndata: {train: *n}\n", {"data.train": ["a"]}),
    ("an anchor merged in", "name: a\ndata:\n  <<: {train: a.jsonl}\n", {"data.train": ["a.jsonl"]}),
    ("an anchor of our own", "x: &d {train: a}\nname: a\ndata: *d\n", "x is not a config key"),
    ("a tag that runs code", "name: !!python/object/apply:os.getcwd []\n", "not determine a constructor"),
    ("a key that is null", HEAD + "null: a\n", "is not a YAML file: Incompatible key type 'NoneType'"),
    ("a key that is a number", HEAD + "train: {5: a}\n", "train.5 is not a TrainingArguments name"),
    ("a key that is a list", HEAD + "[a, b]: c\n", "found unhashable key"),
    ("a dotted key", HEAD + "train.seed: 5\n", "train.seed is not a config key: write `seed:` indented belo"),
    ("a dotted key in a section", HEAD + "train: {learning_rates.encoder: 0}\n", "write `encoder:` indented"),
    # Sections
    (
        "empty sections",
        HEAD + "model:\ntrain:\neval:\nlora:\nsample:\n",
        {"lora.rank": 8, "model.path": None},
    ),
    ("a section that is a list", "name: a\ndata:\n  - train: a\n", "data must be a section of keys, not a l"),
    ("a section that is a path", HEAD + "model: org/model\n", "model must be a section of keys, not a singl"),
    ("a section that is true", HEAD + "lora: true\n", "lora must be a section of keys, not a single value:"),
    ("a section that is no", HEAD + "eval: no\n", "eval must be a section of keys, not a single value: Fals"),
    ("a key that is a section", HEAD + "model: {path: {a: b}}\n", "model.path must be a single value, not a"),
    # Texts
    ("a name as numbers", "name: 2024_11_30\ndata: {train: a}\n", {"name": "2024_11_30"}),
    ("a name as a time", "name: 12:30:45\ndata: {train: a}\n", {"name": "12:30:45"}),
    ("a name with a zero before it", "name: 007\ndata: {train: a}\n", {"name": "007"}),
    ("a name as a fraction", "name: 1.50\ndata: {train: a}\n", {"name": "1.50"}),
    ("a name as a power", "name: 1e3\ndata: {train: a}\n", {"name": "1e3"}),
    ("a name as a date", "name: 2024-11-30\ndata: {train: a}\n", {"name": "2024-11-30"}),
    ("a name that YAML reads as true", "name: yes\ndata: {train: a}\n", "name=True has the wrong type: expe"),
    ("a name that is null", "name:\ndata: {train: a}\n", "name must not be null: expected str"),
    ("a name that is empty", "name: ''\ndata: {train: a}\n", "name '' must be the name of a folder below ou"),
    ("a name that leads out", "name: ../a\ndata: {train: a}\n", "name ../a must be the name of a folder bel"),
    ("a name that is a path", "name: /tmp/a\ndata: {train: a}\n", "name /tmp/a must be the name of a folder"),
    ("a name with a folder", "name: b/a\ndata: {train: a}\n", {"name": "b/a"}),
    ("a name still to be set", "name: ???\n", "name must be set, in the file or as key=value"),
    ("files called by numbers", "name: a\ndata: {train: [01, 1_0]}\n", {"data.train": ["01", "1_0"]}),
    ("a run of the log as numbers", HEAD + "train: {run_name: 2024_11}\n", {"train.run_name": "2024_11"}),
    ("a system text that is no", HEAD + "sample: {system: no}\n", "sample.system=False has the wrong type"),
    ("an empty system text", HEAD + "sample: {system: ''}\n", {"sample.system": ""}),
    ("an empty path of the model", HEAD + "model: {path: ''}\n", "model.path '' must be a name or null, not"),
    ("an empty folder of runs", HEAD + "output_dir: ''\n", "output_dir '' must be a folder; a variable"),
    ("an empty checkpoint to resume", HEAD + "resume: ' '\n", "must be a name or null, not an empty text"),
    ("resume: true", HEAD + "resume: true\n", "resume=True has the wrong type: expected str"),
    # Numbers
    ("1e-4", HEAD + "train: {learning_rate: 1e-4}\n", {"train.learning_rate": 1e-4}),
    ("1e-4 in quotes", HEAD + "train: {learning_rate: '1e-4'}\n", {"train.learning_rate": 1e-4}),
    ("a minus of typography", HEAD + "train: {learning_rate: 1e−4}\n", "learning_rate='1e−4' has the wrong"),
    ("a comma in a number", HEAD + "train: {learning_rate: '0,1'}\n", "learning_rate='0,1' has the wrong ty"),
    ("a percentage", "name: a\ndata: {train: a, val_ratio: 1%}\n", "data.val_ratio='1%' has the wrong type"),
    ("a power of Python", HEAD + "train: {learning_rate: 10**-4}\n", "has the wrong type: expected float"),
    ("a rate below 0", HEAD + "train: {learning_rate: -1e-4}\n", "must be at least 0 and finite"),
    ("a rate that is no number", HEAD + "train: {learning_rate: .nan}\n", "learning_rate nan must be at lea"),
    ("nan as Python writes it", HEAD + "train: {learning_rate: nan}\n", "learning_rate nan must be at least"),
    ("an infinite rate", HEAD + "train: {learning_rate: inf}\n", "learning_rate inf must be at least 0 and"),
    ("a rate that is a list", HEAD + "train: {learning_rate: [1e-4]}\n", "must be a single value, not a lis"),
    ("steps as a power", HEAD + "train: {max_steps: 1e3}\n", "max_steps=1000.0 has the wrong type: expected"),
    ("steps with a comma", HEAD + "train: {max_steps: '1,000'}\n", "max_steps='1,000' has the wrong type"),
    ("steps with an underscore", HEAD + "train: {max_steps: 1_000}\n", {"train.max_steps": 1000}),
    ("steps that are true", HEAD + "train: {max_steps: true}\n", "max_steps=True has the wrong type"),
    ("saving every 0 steps", HEAD + "train: {save_steps: 0}\n", "train.save_steps 0 must be above 0 and fin"),
    ("saving every -5 steps", HEAD + "train: {save_steps: -5}\n", "train.save_steps -5 must be above 0"),
    ("logging every 0 steps", HEAD + "train: {logging_steps: 0}\n", "train.logging_steps 0 must be above 0"),
    ("a whole number as a fraction", HEAD + "sample: {max_length: 512.0}\n", "max_length=512.0 has the wron"),
    ("digits of full width", HEAD + "sample: {max_length: ５１２}\n", {"sample.max_length": 512}),
    ("a length below 0", HEAD + "sample: {max_length: -1}\n", "sample.max_length -1 must be at least 1"),
    ("5 for 5 percent", "name: a\ndata: {train: a, val_ratio: 5}\n", "val_ratio 5 must be at least 0 and be"),
    # Truths and choices
    ("yes", HEAD + "train: {bf16: yes}\n", {"train.bf16": True}),
    ("off in quotes", HEAD + "train: {bf16: 'off'}\n", {"train.bf16": False}),
    ("auto", HEAD + "train: {bf16: auto}\n", "train.bf16='auto' has the wrong type: expected bool"),
    ("2 for true", HEAD + "train: {bf16: 2}\n", "train.bf16=2 has the wrong type: expected bool"),
    (
        "a strategy that YAML reads as false",
        HEAD + "train: {save_strategy: no}\n",
        {"train.save_strategy": "no"},
    ),
    ("a strategy that is true", HEAD + "train: {save_strategy: yes}\n", "train.save_strategy=True has the w"),
    ("a choice in capitals", HEAD + "lora: {modules: [Decoder]}\n", "modules[0] Decoder: did you mean decod"),
    ("a choice of swift", HEAD + "lora: {modules: all-linear}\n", "all-linear: allowed: connector, decoder,"),
    ("4 in quotes", HEAD + "lora: {enabled: true, quantization_bits: '4'}\n", {"lora.quantization_bits": 4}),
    ("8 bits", HEAD + "lora: {enabled: true, quantization_bits: 8}\n", "lora.quantization_bits 8: allowed:"),
    # Lists
    ("a text for a list", "name: a\ndata: {train: 'a, b'}\n", {"data.train": ["a", "b"]}),
    ("a comma at the end", "name: a\ndata: {train: 'a,'}\n", {"data.train": ["a"]}),
    ("a list in a list", "name: a\ndata: {train: [[a, b]]}\n", "data.train[0] must be a single value, not a"),
    ("null in a list", "name: a\ndata: {train: [a, null]}\n", "data.train[1] must not be null: expected str"),
    ("sections in a list", "name: a\ndata: {train: [{path: a}]}\n", "data.train[0] must be a single value,"),
    ("a section for a list", "name: a\ndata: {train: {a: 1}}\n", "data.train must be a list, not a section"),
    ("no validation as false", "name: a\ndata: {train: a, val: false}\n", "data.val[0]=False has the wrong"),
    ("no validation as a list", "name: a\ndata: {train: a, val: []}\n", "data.val is empty: name a set, or"),
    ("columns as words", "name: a\ndata: {train: a, columns: text=response}\n", "columns must be a section"),
    # Interpolations
    ("a variable that is not set", "name: ${oc.env:NO_SUCH}\n", "name: KeyError raised while resolving inte"),
    ("a variable with a default", "name: ${oc.env:NO_SUCH,b}\ndata: {train: a}\n", {"name": "b"}),
    (
        "a key of another section",
        HEAD + "eval: {max_new_tokens: '${lora.rank}'}\n",
        {"eval.max_new_tokens": 8},
    ),
    ("a key that does not exist", "name: ${nowhere}\n", "name: Interpolation key 'nowhere' not found"),
    ("a key that names itself", "name: ${name}\n", "name: Recursive interpolation detected"),
    ("an interpolation not closed", "name: ${name\n", "is not a YAML file: name: no viable alternative"),
    # Keys of other programs
    ("transformers", HEAD + "per_device_train_batch_size: 1\n", "did you mean train.per_device_train_batch_"),
    ("evaluation_strategy", HEAD + "train: {evaluation_strategy: steps}\n", "did you mean eval_strategy?"),
    ("LLaMA-Factory's model", HEAD + "model_name_or_path: x\n", "did you mean model.path?"),
    ("LLaMA-Factory's length", HEAD + "cutoff_len: 1024\n", "did you mean sample.max_length?"),
    ("LLaMA-Factory's stage", HEAD + "stage: sft\n", "stage is not a config key: allowed: data, eval, lora"),
    ("LLaMA-Factory's LoRA", HEAD + "finetuning_type: lora\n", "did you mean lora.enabled=true?"),
    ("swift's freezing", HEAD + "model: {freeze_vit: true}\n", "did you mean train.learning_rates.encoder=0"),
    ("swift's rates", HEAD + "train: {vit_lr: 1e-5}\n", "did you mean train.learning_rates.encoder?"),
    ("axolotl's data", "name: a\ndatasets: [{path: a}]\n", "datasets is not a config key: did you mean data"),
    # Keys that contradict each other
    ("a model and its parts", HEAD + "model: {path: x, init_from: y}\n", "model.init_from cannot be used be"),
    ("a model and a shape", HEAD + "model: {path: x, encoder: {image_size: 512}}\n", "model.encoder.image_s"),
    ("a model and a default shape", HEAD + "model: {path: x, encoder: {image_size: 1024}}\n", "no effect"),
    (
        "an encoder and a shape",
        HEAD + "model: {init_from: x, encoder: {mlp_dim: 64}}\n",
        "model.encoder.mlp_d",
    ),
    (
        "an encoder and a default shape",
        HEAD + "model: {init_from: x, encoder: {image_size: 1024}}\n",
        "model.encoder.image_size would have no effect, as model.init_from brings the shape of its encoder",
    ),
    (
        "the old and the new name",
        "name: a\ndata: {train: a, crop: no}\nsample: {crop: no}\n",
        "both are given",
    ),
    ("weights of other sets", "name: a\ndata: {train: [a, b], weights: 1}\n", "data.weights has 1 numbers a"),
    (
        "stopping early without evaluating",
        HEAD + "eval: {early_stopping_patience: 2}\n",
        "needs train.eval_st",
    ),
    ("a line end in a key", HEAD + '"a\\nb\\e[31m": 1\n', "a\\nb\\x1b[31m is not a config key"),
    # Bombs
    (
        "names that double",
        HEAD + "x0: xxxx\n" + "".join(f"x{i}: ${{x{i - 1}}}${{x{i - 1}}}\n" for i in range(1, 28)),
        "${...} stand for too much, as they name each other: at most 3,000 are looked up",
    ),
    (
        "sections that double",
        HEAD
        + "x0: {a: 1}\n"
        + "".join(f"x{i}: {{a: '${{x{i - 1}}}', b: '${{x{i - 1}}}'}}\n" for i in range(1, 28)),
        "${...} stand for too much",
    ),
    (
        "texts that grow a hundredfold",
        HEAD + f"x0: {'x' * 900_000}\nx1: {'${x0}' * 100}\nx2: {'${x1}' * 100}\n",
        "${...} stand for too much",
    ),
    (
        "a long row of names",
        HEAD + "x0: a\n" + "".join(f"x{i}: ${{x{i - 1}}}\n" for i in range(1, 100)),
        "x0 is not",
    ),
    ("a section that names itself", HEAD + "x: {y: '${x}'}\n", "x is not a config key"),
    ("3,000 ${ inside each other", f"name: '{'${' * 3000}a{'}' * 3000}'\n", "more than 100 ${...}"),
    (
        "90 ${ inside each other",
        f"name: '{'${' * 90}a{'}' * 90}'\n",
        "more than 30 brackets inside each other",
    ),
    (
        "lists in ${",
        f"name: '${{oc.create:{'[' * 3000}{']' * 3000}}}'\n",
        "more than 30 brackets inside each",
    ),
    ("deep sections", HEAD + f"train: {'{a: ' * 40}1{'}' * 40}\n", "more than 30 sections inside each other"),
    (
        "aliases that double",
        HEAD + "x0: &a0 [x]\n" + "".join(f"x{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 30)),
        "more than 200,000 values",
    ),
    (
        "thousands of unknown keys",
        HEAD + "".join(f"learnin_rate{i}: 1\n" for i in range(4000)),
        "the first 50 of 4,000 errors:",
    ),
    ("a name of a megabyte", HEAD + f"lora: {{modules: {'d' * 2**20}}}\n", "lora.modules[0] dddd"),
    ("a megabyte of names of secrets", HEAD + f"x: {'a_token=' * 2**17}\n", "x is not a config key"),
    ("a number of a megabyte", HEAD + f"lora: {{rank: {'9' * 2**20}}}\n", "is not a YAML file"),
]

WORDS: list[tuple[str, list[str], str | dict[str, Any]]] = [
    ("-- before a key", ["--train.seed=5"], "'--train.seed=5' is not an override: write train.seed=5"),
    ("a key and a value", ["train.seed", "5"], "'train.seed' is not an override: write train.seed=5"),
    ("spaces around =", ["train.seed", "=", "5"], "write train.seed=5"),
    ("a colon for =", ["train.seed:", "5"], "write train.seed=5"),
    ("= forgotten", ["train.seed"], "'train.seed' is not an override: write key=value"),
    ("a deep list", [f"train.lr_scheduler_kwargs={'[' * 60_000}"], "more than 30 sections inside each other"),
    ("a deep key", [f"a{'.a' * 60_000}=1"], "the key has more than 30 parts"),
    ("brackets of a key", [f"a{'[a' * 60_000}=1"], "the key has more than 30 parts"),
    ("deep names", [f"name={'${' * 40_000}{'}' * 40_000}"], "a text has more than 100 ${...}"),
    ("a long key", [f"{'a' * 120_000}=1"], "is not a config key"),
    ("a long value", [f"lr_scheduler_type={'l' * 120_000}"], "did you mean train.lr_scheduler_type?"),
    ("a character of code 0", ['model.path="a\\0b"'], "model.path has a character of code 0: leave it out"),
    ("one in a list", ['data.train=["a\\0b"]'], "data.train[0] has a character of code 0: leave it out"),
    ("no key", ["=5"], "'=5' is not an override: write key=value"),
    ("no value", ["sample.max_length="], "sample.max_length must not be null: expected int"),
    ("a list in several words", ["data.train=a", "b"], "values of a list are separated by commas: data.trai"),
    ("a list without quotes", ["data.train=[a, b]"], {"data.train": ["a", "b"]}),
    ("a list not closed", ["data.train=[a"], "data.train=[a: the value is not YAML (did not find expected"),
    ("a section not closed", ["train={seed: 3"], "train={seed: 3: the value is not YAML (did not find expec"),
    ("a quote not closed", ["data.train=['a]"], "data.train=['a]: the value is not YAML (found unexpected e"),
    ("a list cut by the shell", ["data.train=[a,", "b]"], "'b]' is not an override: the shell has cut a lis"),
    ("a section cut by the shell", ["train={seed:", "3}"], "'3}' is not an override: the shell has cut a"),
    ("a text with a colon", ["data.query=OCR: "], {"data.query": "OCR: "}),
    ("a text with an equals sign", ["data.query=a=b"], {"data.query": "a=b"}),
    ("a text in quotes", ["data.query='a b'"], {"data.query": "a b"}),
    ("a name as numbers", ["name=2024_11_30"], {"name": "2024_11_30"}),
    (
        "a key twice",
        ["train.seed=1", "train.seed=2"],
        "train.seed=2: train.seed is given twice, the other value is 1: keep one",
    ),
    ("a key twice with one value", ["train.seed=1", "train.seed=1"], {"train.seed": 1}),
    ("a value taken back", ["model.path=a", "model.path=null"], {"model.path": None}),
    ("the old and the new name of a key", ["data.crop=true", "sample.crop=no"], "sample.crop is given twice"),
    ("a section and a key of it", ["train={seed: 1}", "train.seed=2"], "train.seed is given twice, the othe"),
    ("a section taken back, and a key of it", ["train=null", "train.seed=2"], {"train.seed": 2}),
    ("a key without a dash after a list", ["data.train=[a,b]", "c"], "values of a list are separated by com"),
    ("a section by a word", ["train={seed: 3}"], {"train.seed": 3}),
    ("a section over a key", ["model.path.a=b"], "model.path must be a single value, not a section of keys"),
    ("a key over a section", ["train=3"], "train must be a section of keys, not a single value: 3"),
    ("a top-level rate", ["lr=1e-4"], "lr=1e-4: lr is not a config key: did you mean train.learning_rate?"),
    ("a hyphen in a key", ["train.learning-rate=1"], "did you mean train.learning_rate?"),
    ("a capital in a key", ["train.Seed=1"], "train.Seed is not a TrainingArguments name: did you mean trai"),
    ("a misspelt section", ["trian.seed=1"], "trian is not a config key: did you mean train?"),
    ("a mark of Hydra before a key", ["+train.seed=5"], "+train.seed=5: +train is not a config key: did you"),
    ("an entry of a list", ["data.train[0]=b"], "data.train[0]=b: data.train must be a list, not a section"),
    ("a dot too many", ["train..seed=5"], "train..seed=5: train. is not a TrainingArguments name"),
    ("two equals signs", ["train.seed==5"], "train.seed='=5' has the wrong type: expected int"),
    ("a semicolon after a value", ["train.seed=5;"], "train.seed='5;' has the wrong type: expected int"),
    ("a text for a section", ["train.lr_scheduler_kwargs=min_lr=1e-6"], "lr_scheduler_kwargs must be a sect"),
    (
        "a key in a section",
        ["train.lr_scheduler_kwargs.min_lr=1"],
        {"train.lr_scheduler_kwargs": {"min_lr": 1}},
    ),
    ("a variable of the shell", ["output_dir=$HOME/x"], "output_dir $HOME/x must be a folder; a variable is"),
    ("a rate in capitals", ["train.bf16=TRUE"], {"train.bf16": True}),
    ("validation without rows", ["data.val_ratio=0", "train.eval_strategy=steps"], "there are no validation"),
    ("an idle key", ["lora.rank=4"], "lora.rank would have no effect, as lora.enabled is false"),
    ("an empty validation", ["data.val=[]"], "data.val is empty: name a set, or leave it out"),
    ("a word of Python", ["train.bf16=None"], "train.bf16='None' has the wrong type: expected bool"),
    ("an empty name", ["name="], "name must not be null: expected str"),
]


def outcome(path: Path, words: list[str]) -> str | dict[str, Any]:
    try:
        config = load_config(path, words)
    except UserError as error:
        return str(error)
    found = {}
    for section, values in vars(config).items():
        values = vars(values) if hasattr(values, "__dict__") else {None: values}
        for name, value in values.items():
            found[section if name is None else f"{section}.{name}"] = value
    return found | {f"train.{name}": value for name, value in config.train.arguments.items()}


def check(result: str | dict[str, Any], expected: str | dict[str, Any]) -> None:
    if isinstance(expected, str):
        assert isinstance(result, str), f"read as {result}"
        assert expected in result
    else:
        assert isinstance(result, dict), result
        assert {key: result[key] for key in expected} == expected


@pytest.mark.parametrize(("file", "expected"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_a_file(file: str | bytes, expected: str | dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(file.encode() if isinstance(file, str) else file)
    result = outcome(path, [])
    check(result, expected)
    if isinstance(result, str):
        assert all(line.startswith(str(path)) or line.endswith("errors:") for line in result.splitlines())


@pytest.mark.parametrize(("words", "expected"), [case[1:] for case in WORDS], ids=[case[0] for case in WORDS])
def test_words(words: list[str], expected: str | dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(HEAD)
    check(outcome(path, words), expected)


def test_what_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        check(outcome(path, []), f"config file {path} does not exist")

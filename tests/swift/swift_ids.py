"""Token ids and labels that the real ms-swift makes of rows; run by the Python of its own environment.

python swift_ids.py MODEL ROW.json ...: one JSON line for each row.
"""

import json
import sys

from swift.dataset import load_dataset
from swift.model import get_model_processor
from swift.template import get_template

model, *files = sys.argv[1:]
template = get_template(get_model_processor(model, model_type="got_ocr2_hf", load_model=False)[1])
template.set_mode("train")
for file in files:
    [row] = load_dataset([file], strict=True, load_from_cache_file=False)[0]
    encoded = template.encode(row)
    print(json.dumps([list(encoded["input_ids"]), list(encoded["labels"])]))

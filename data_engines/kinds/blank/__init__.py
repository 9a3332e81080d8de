"""Pictures without text: empty paper and forms, photographs and textures, which are answered by nothing."""

from dataclasses import replace

from data_engines.kind import PHOTOS, Kind

KIND = Kind(
    summary="empty paper, ruled paper, tables without content, photographs and textures",
    drawn_from="nothing and photographs; `--photos`",
    answer="nothing, with `no_text`",
    prompt="plain, format",
    sources=(replace(PHOTOS, what="seven photographs"),),
    max_rejects=0.02,
    batch_size=20,
)

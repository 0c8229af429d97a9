"""One hash per distinct request."""

import hashlib
import json

from jobs.models import ExportJob


def params_hash(job: ExportJob) -> str:
    """SHA-256 of everything that decides the file's content, in canonical JSON (audit field of S0 §16)."""
    content = [job.type, job.file_type, job.params, job.columns, job.options]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

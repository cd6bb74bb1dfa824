"""Owns `/upload`: files sent as multipart become Attachables. Their content is measured, and not kept."""

from email import message_from_bytes

from . import faults
from .books import Books
from .calls import Call
from .company import Company
from .entities import REGISTRY
from .render import NotJson, dumps, loads
from .simulator import Simulator


def take(sim: Simulator, company: Company, call: Call) -> str:
    """The AttachableResponse items as JSON text: each file's entity or Fault, the whole with HTTP 200 as at Intuit.

    Raises `Fault` for a body that is no multipart.
    """
    header = b"Content-Type: " + call.content_header.encode("latin-1", "replace") + b"\r\n\r\n"
    message = message_from_bytes(header + call.raw)
    if not message.is_multipart():
        raise faults.unsupported(f"upload of ContentType : {call.content_type}")
    parts: dict[str, bytes] = {}
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition") if not isinstance(part, str) else None
        if isinstance(name, str) and not isinstance(part, str):
            content = part.get_payload(decode=True)
            parts[name] = content if isinstance(content, bytes) else b""
    answers = []
    for name, content in parts.items():
        if name.startswith("file_metadata"):
            size = len(parts.get(name.replace("metadata", "content"), b""))
            answers.append(_attach(sim, company, content, size))
    if not answers:
        raise faults.missing("file_metadata_01")
    return ",".join(answers)


def _attach(sim: Simulator, company: Company, metadata: bytes, size: int) -> str:
    books = Books(sim.store, company, sim.clock)
    try:
        with sim.store.transaction():
            sent = loads(metadata.decode("utf-8").strip())
            if not isinstance(sent, dict):
                raise NotJson("the metadata is no object")
            row = REGISTRY["Attachable"].create(books, sent)
            where = f"/v3/company/{company.realm}/download/{row.id}"
            row.body |= {"FileAccessUri": where, "TempDownloadUri": f"https://simulator.invalid{where}", "Size": size}
            row.body = REGISTRY["Attachable"].ordered(row.body)
            sim.store.update(company.realm, row)
            return f'{{"Attachable":{row.text}}}'
    except faults.Fault as fault:
        return dumps({"Fault": fault.as_dict()})
    except (NotJson, UnicodeDecodeError) as error:
        return dumps({"Fault": faults.bad_property(str(error)[:200]).as_dict()})

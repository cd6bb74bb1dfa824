"""Uploads: a file becomes an Attachable, and a refusal comes with HTTP 200, as at Intuit."""

import json
from typing import Any

import pytest
import requests

from tests.simulator.client import Company


def upload(company: Company, metadata: Any, content: bytes = b"hello") -> requests.Response:
    """Send a file with its description."""
    files: dict[str, tuple[str, str | bytes, str]] = {
        "file_metadata_01": ("m.json", json.dumps(metadata), "application/json"),
        "file_content_01": ("note.txt", content, "text/plain"),
    }
    return company.session.post(f"{company.base}/upload", files=files, timeout=10)


def test_a_file_is_attached_to_an_invoice(company: Company) -> None:
    invoice = company.invoice()
    reference = {"EntityRef": {"type": "Invoice", "value": invoice["Id"]}}
    answer = upload(company, {"FileName": "note.txt", "ContentType": "text/plain", "AttachableRef": [reference]})
    made = answer.json()["AttachableResponse"][0]["Attachable"]
    assert (made["FileName"], made["Size"], made["AttachableRef"]) == ("note.txt", 5, [reference])
    assert company.read("Attachable", made["Id"])["TempDownloadUri"] == made["TempDownloadUri"]


@pytest.mark.parametrize("metadata", [{}, {"Bogus": 1}, [], "x"])
def test_a_refused_file_is_a_fault_with_status_200(company: Company, metadata: object) -> None:
    answer = upload(company, metadata)
    assert answer.status_code == 200
    assert answer.json()["AttachableResponse"][0]["Fault"]["type"] == "ValidationFault"
    assert company.query("select * from Attachable") == {}


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x", "text/plain", ""])
def test_what_is_no_multipart_is_refused(company: Company, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    answer = company.session.post(f"{company.base}/upload", data=b"\xff\x00--x", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["Fault"]["type"]) == (400, "ValidationFault")

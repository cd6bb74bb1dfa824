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
    reference = {"EntityRef": {"value": invoice["Id"], "type": "Invoice"}, "IncludeOnSend": False}
    answer = upload(company, {"FileName": "note.txt", "ContentType": "text/plain", "AttachableRef": [reference]})
    made = answer.json()["AttachableResponse"][0]["Attachable"]
    assert (made["FileName"], made["Size"], made["AttachableRef"]) == ("note.txt", 5, [reference])
    assert company.read("Attachable", made["Id"])["TempDownloadUri"] == made["TempDownloadUri"]


def test_what_is_attached_to_nothing_is_refused_in_the_recorded_words(company: Company) -> None:
    answer = upload(company, {"FileName": "x", "AttachableRef": [{"EntityRef": {"type": "Estimate", "value": "75"}}]})
    error = answer.json()["AttachableResponse"][0]["Fault"]["Error"][0]
    assert (answer.status_code, error["code"]) == (200, "6000")
    assert error["Detail"] == (
        "Business Validation Error: The entity Estimate 75 that you are trying to link does not exist. Estimate 75"
    )


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

"""Owns `/pdf`: a form as a one-page PDF, plain but valid."""

from typing import Any

_PAGE = (595, 842)


def _safe(text: str) -> bytes:
    """Text as a PDF string in the font's encoding; what it cannot hold becomes a question mark."""
    return text.encode("cp1252", "replace").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def document(kind: str, company: str, body: dict[str, Any]) -> bytes:
    """The form: company, number, date, customer, lines and total."""
    words = [company, f"{kind} {body.get('DocNumber', body['Id'])}", f"Date {body.get('TxnDate', '')}"]
    words.append(str(body.get("CustomerRef", {}).get("name", "")))
    for line in body.get("Line", []):
        if line.get("DetailType") != "SubTotalLineDetail":
            words.append(f"{str(line.get('Description', 'Services'))[:60]}   {line.get('Amount', '')}")
    words.append(f"Total {body.get('TotalAmt', 0)}")
    drawn = b"BT /F1 12 Tf 60 780 Td 18 TL " + b" ".join(b"(" + _safe(each) + b") Tj T*" for each in words) + b" ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>" % _PAGE,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + head + table + tail

"""A QR code as the path of an SVG, which needs neither a picture file nor an inline style."""

from dataclasses import dataclass

from qrcode.main import QRCode


@dataclass(frozen=True, slots=True)
class QrPath:
    size: int
    """Modules on a side, the quiet border among them."""
    path: str


def qr_path(text: str) -> QrPath:
    code = QRCode(border=2)
    code.add_data(text)
    rows = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    return QrPath(len(rows), path)

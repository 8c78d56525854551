"""Receipts that a gate signed."""

from gate_controller.contract.messages import (
    RECEIPT_DOMAIN,
    ReceiptBatch,
    SignedReceipt,
    sign_struct,
)


def signed(key, *receipts):
    bodies = [sign_struct(key, RECEIPT_DOMAIN, receipt) for receipt in receipts]
    return ReceiptBatch(
        receipts=tuple(SignedReceipt(receipt=body, signature=signature) for body, signature in bodies)
    )

"""The interface's own document bounds every text that goes in."""


def test_every_text_that_goes_in_is_bounded_by_the_document(caller):
    document = caller.get("/openapi.json")
    loose = []
    for path, operations in document["paths"].items():
        for name, operation in operations.items():
            found = operation if name == "parameters" else operation.get("parameters", [])
            loose += [(path, one["name"]) for one in found if unbounded(one["schema"])]
    for name, schema in document["components"]["schemas"].items():
        taken = schema["properties"] if name.startswith("New") or name in TAKEN else {}
        loose += [(name, field) for field, what in taken.items() if unbounded(what)]
    assert loose == []


TAKEN = ("PersonEdit", "CardEnd", "AlarmSeen")


def unbounded(schema):
    """Return whether a text may be of any length or of any signs."""
    is_text = schema.get("type") == "string" and not {"enum", "format"} & set(schema)
    is_short = "maxLength" in schema or schema.get("pattern", "").endswith("{16}$")
    return is_text and not ("pattern" in schema and is_short)

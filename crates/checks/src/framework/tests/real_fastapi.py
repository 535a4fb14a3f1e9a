"""Prints the operations that FastAPI itself promises for the application of a module: `real_fastapi.py module attribute`."""
import importlib
import sys

sys.path.insert(0, ".")
app = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
document = app.openapi()
for path, operations in document["paths"].items():
    for method, operation in operations.items():
        print(method.upper(), path)
        for parameter in operation.get("parameters", []):
            print(method.upper(), path, parameter["in"], parameter["name"], parameter.get("required", False))
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            schema = content["schema"]
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
            for name, field in schema.get("properties", {}).items():
                place = "json" if media_type == "application/json" else "form"
                upload = "contentMediaType" in str(field) or field.get("format") == "binary"
                print(method.upper(), path, "file" if upload else place, name, name in schema.get("required", []))

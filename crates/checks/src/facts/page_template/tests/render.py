"""Renders each template named on standard input with its own engine; one line of JSON a template: how often `<i>` came out as it is, and escaped."""

import json
import sys

import django
import jinja2
from django.conf import settings
from django.template import Context, Engine



class Items(list):
    """A list that can be gone through like a dictionary, too."""

    def items(self):
        return enumerate(self)


def given(value):
    if isinstance(value, list):
        return Items(given(item) for item in value)
    return {key: given(item) for key, item in value.items()} if isinstance(value, dict) else value


settings.configure()
django.setup()
ENGINES = {
    "html": lambda text, context: jinja2.Environment(autoescape=True).from_string(text).render(context),
    "django": lambda text, context: Engine().from_string(text).render(Context(context)),
}
for line in sys.stdin:
    asked = json.loads(line)
    page = ENGINES[asked["engine"]](asked["text"], given(asked["context"]))
    print(json.dumps({"raw": page.count("<i>"), "escaped": page.count("&lt;i&gt;")}))

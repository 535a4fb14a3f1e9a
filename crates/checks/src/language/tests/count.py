"""Counts what Python's own `ast` sees in each file named on standard input; one line of JSON a file."""

import ast
import json
import sys


class Count(ast.NodeVisitor):
    def __init__(self):
        self.lines = {"function": [], "class": [], "import": []}
        self.calls = self.strings = self.lambdas = self.awaits = self.compares = self.names = 0

    def function(self, node):
        self.lines["function"].append(node.lineno)
        self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = function

    def visit_ClassDef(self, node):
        self.lines["class"].append(node.lineno)
        self.generic_visit(node)

    def visit_Import(self, node):
        self.lines["import"].extend([node.lineno] * len(node.names))

    def visit_ImportFrom(self, node):
        self.lines["import"].append(node.lineno)

    def visit_Call(self, node):
        self.calls += 1
        self.generic_visit(node)

    def visit_MatchClass(self, node):
        self.calls += 1
        self.generic_visit(node)

    def visit_Constant(self, node):
        self.strings += isinstance(node.value, str)

    def visit_JoinedStr(self, node):
        for value in node.values:
            if not isinstance(value, ast.Constant):
                self.visit(value)

    def visit_Lambda(self, node):
        self.lambdas += 1
        self.generic_visit(node)

    def visit_Await(self, node):
        self.awaits += 1
        self.generic_visit(node)

    def visit_Compare(self, node):
        self.compares += 1
        self.generic_visit(node)


for path in sys.stdin.read().splitlines():
    try:
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read())
    except (SyntaxError, UnicodeDecodeError, ValueError, RecursionError):
        print("null")
        continue
    count = Count()
    count.visit(tree)
    found = {kind: sorted(lines) for kind, lines in count.lines.items()}
    found.update(call=count.calls, string=count.strings, closure=count.lambdas, wait=count.awaits, compare=count.compares)
    print(json.dumps(found, sort_keys=True))

// Counts what TypeScript's own parser sees in each file named on standard input; one line of JSON a file.
const ts = require("typescript");
const fs = require("fs");

for (const path of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const text = fs.readFileSync(path, "utf8");
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  if (file.parseDiagnostics.length) {
    console.log("null");
    continue;
  }
  const line = (node) => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
  const found = { function: [], class: [], import: [], call: 0, string: 0, closure: 0, wait: 0, construct: 0 };
  const visit = (node) => {
    const kind = ts.SyntaxKind[node.kind];
    const inObject = node.parent && ts.isObjectLiteralExpression(node.parent);
    if (inObject && (ts.isMethodDeclaration(node) || ts.isAccessor(node))) found.closure++;
    else if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isConstructorDeclaration(node) || (ts.isAccessor(node) && ts.isClassLike(node.parent))) {
      found.function.push(line(node.name ?? node));
    } else if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) found.closure++;
    else if (ts.isClassLike(node)) found.class.push(line(node.name ?? node));
    else if (ts.isCallExpression(node)) found.call++;
    else if (ts.isNewExpression(node)) found.construct++;
    else if (ts.isAwaitExpression(node)) found.wait++;
    else if (ts.isImportDeclaration(node) || ts.isImportTypeNode(node)) found.import.push(line(node));
    else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) found.import.push(line(node));
    else if (ts.isExportDeclaration(node) && node.isTypeOnly && node.moduleSpecifier) found.import.push(line(node));
    else if (ts.isStringLiteral(node) && counts(node)) found.string++;
    ts.forEachChild(node, visit);
  };
  // Strings that are values: not module names, keys, types or attributes of imports.
  const counts = (node) => {
    const parent = node.parent;
    if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isExternalModuleReference(parent)) return false;
    if (ts.isLiteralTypeNode(parent) || ts.isModuleDeclaration(parent) || ts.isEnumMember(parent)) return ts.isLiteralTypeNode(parent) ? false : parent.name !== node;
    if (ts.isImportAttribute?.(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent)) return false;
    // `{ ["key"]: value }` has the same key as without brackets.
    if (ts.isComputedPropertyName(parent) && ts.isPropertyAssignment(parent.parent)) return false;
    return parent.name !== node && parent.propertyName !== node;
  };
  visit(file);
  for (const kind of ["function", "class", "import"]) found[kind] = [...new Set(found[kind])].sort((a, b) => a - b);
  // In types, strings are no values.
  if (!/\.[cm]?js$/.test(path)) delete found.string;
  console.log(JSON.stringify(found));
}

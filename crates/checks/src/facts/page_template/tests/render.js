// Renders each template named on standard input with its own engine; one line of JSON a template: how often `<i>` came out as it is, and escaped.
const path = require('path');
const parts = path.join(process.argv[2], 'node_modules');
const engines = {
  ejs: (text, context) => require(path.join(parts, 'ejs')).render(text, context),
  hbs: (text, context) => require(path.join(parts, 'handlebars')).compile(text)(context),
  mustache: (text, context) => require(path.join(parts, 'mustache')).render(text, context),
  pug: (text, context) => require(path.join(parts, 'pug')).render(text, context),
  njk: (text, context) => new (require(path.join(parts, 'nunjucks')).Environment)(null, { autoescape: true }).renderString(text, context),
};
const count = (page, what) => page.split(what).length - 1;
for (const line of require('fs').readFileSync(0, 'utf8').trim().split('\n')) {
  const { engine, text, context } = JSON.parse(line);
  const page = engines[engine](text, context);
  console.log(JSON.stringify({ raw: count(page, '<i>'), escaped: count(page, '&lt;i&gt;') }));
}

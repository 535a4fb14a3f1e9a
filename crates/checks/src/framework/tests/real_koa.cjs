// Prints the routes that Koa's router itself has: `real_koa.cjs module attribute`. An application keeps what it uses; what koa-mount puts
// below a path is noted while the program mounts it.
const path = require("node:path");
const { createRequire } = require("node:module");
const here = createRequire(path.join(process.cwd(), "noted.cjs"));
const mount = here("koa-mount");
const noted = new Map();
here.cache[here.resolve("koa-mount")].exports = (prefix, other) => {
  const mounted = mount(prefix, other);
  noted.set(mounted, [prefix, other]);
  return mounted;
};
const spell = (text) => text.replace(/[:*](\w+)/g, "{$1}");
function print(used, prefix) {
  for (const one of used) {
    if (noted.has(one)) print(noted.get(one)[1].middleware, `${prefix}${noted.get(one)[0]}`);
    for (const layer of one.router?.stack ?? []) {
      const methods = layer.methods.filter((method) => method !== "HEAD" && method !== "OPTIONS");
      for (const method of methods.length > 6 ? ["*"] : methods) console.log(method, spell(`${prefix}${layer.path}`));
    }
  }
}
import(path.resolve(process.argv[2])).then((module) => print(module[process.argv[3]].middleware, ""));

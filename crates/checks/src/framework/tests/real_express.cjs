// Prints the routes that Express (4 or 5) itself has: `real_express.cjs module attribute`. It keeps no text of where a router is
// mounted, so that is noted while the program mounts it.
const path = require("node:path");
const { createRequire } = require("node:module");
const here = createRequire(path.join(process.cwd(), "noted.cjs"));
const { Router } = here("express");
// In Express 4 a router's prototype is the function `Router` itself.
const prototype = Router.use ? Router : Router.prototype;
const use = prototype.use;
prototype.use = function (first, ...rest) {
  const before = this.stack.length;
  const result = use.call(this, first, ...rest);
  const paths = [first].flat().every((part) => typeof part === "string") ? [first].flat() : [""];
  for (const layer of this.stack.slice(before)) layer.mountedAt = paths;
  return result;
};
const spell = (text) => text.replace(/[:*](\w+)/g, "{$1}");
function print(stack, prefixes) {
  for (const layer of stack) {
    if (layer.route) {
      const own = [layer.route.path].flat();
      const methods = layer.route.methods._all ? ["*"] : Object.keys(layer.route.methods);
      for (const prefix of prefixes)
        for (const one of own)
          for (const method of methods) {
            const whole = `${prefix}/${one}`.replace(/\/+/g, "/");
            console.log(method.toUpperCase(), spell(whole.length > 1 ? whole.replace(/\/$/, "") : whole));
          }
    } else if (layer.handle && layer.handle.stack) {
      print(layer.handle.stack, prefixes.flatMap((prefix) => layer.mountedAt.map((part) => `${prefix}/${part}`)));
    }
  }
}
import(path.resolve(process.argv[2])).then((module) => {
  const app = process.argv[3] === "default" ? module.default : module[process.argv[3]];
  print((app._router || app.router).stack, [""]);
});

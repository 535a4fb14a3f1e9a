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
      // What is asked first for every method and hands the request on is no route.
      const answers = layer.route.stack.some((one) => !one.method && one.handle.length < 3);
      const methods = Object.keys(layer.route.methods).map((method) => (method === "_all" ? "*" : method));
      if (!answers && methods.includes("*")) methods.splice(methods.indexOf("*"), 1);
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

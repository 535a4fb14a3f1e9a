// Prints the routes that Fastify itself has: `real_fastify.cjs module attribute`. Fastify tells on a channel of each application that is
// made (<https://fastify.dev/docs/latest/Reference/Hooks/#diagnostics-channel-hooks>), and that one of each route that it is given.
const path = require("node:path");
const channel = require("node:diagnostics_channel");
const spell = (text) =>
  text.replace(/::|:(\w+)(\((?:[^()\\]|\\.)*\))?|\*/g, (all, name) => (all === "::" ? ":" : all === "*" ? "{rest}" : `{${name}}`));
channel.subscribe("fastify.initialization", ({ fastify }) => {
  fastify.addHook("onRoute", (route) => {
    const methods = [route.method].flat();
    // Below a prefix, `/` is with and without the slash.
    const whole = route.prefix && ["", "/"].includes(route.routePath) ? route.prefix : route.url;
    const both = whole.endsWith("?") ? [whole.slice(0, whole.lastIndexOf("/")), whole.slice(0, -1)] : [whole];
    for (const one of both)
      for (const method of methods.length > 5 ? ["*"] : methods)
        if (method !== "HEAD" && method !== "OPTIONS") console.log(method, spell(one));
  });
});
import(path.resolve(process.argv[2])).then(async (module) => {
  const given = process.argv[3] === "default" ? module.default : module[process.argv[3]];
  // An application can be waited for, so it is not given back bare.
  const [app] = typeof given === "function" ? [await given()] : [given];
  await app.ready();
});

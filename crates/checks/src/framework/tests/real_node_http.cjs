// Asks the server of `main.js` for each of the operations given as `METHOD path`, and prints those that it answers with anything but
// 404. Paths that nobody has are asked for too, so that a server that answers everything is found out.
const path = require("node:path");
const http = require("node:http");
const server = require(path.resolve("main.js"));
const asked = [...process.argv.slice(2), "GET /nothing-here", "PATCH /notes", "DELETE /notes/a", "GET /settings"];
const ask = (line) =>
  new Promise((resolve, reject) => {
    const [method, pattern] = line.split(" ");
    const options = { port: server.address().port, host: "127.0.0.1", path: pattern.replace(/{\w+}/g, "1"), agent: false };
    const request = http.request({ ...options, method: method === "*" ? "GET" : method }, (response) => {
      response.resume();
      if (response.statusCode !== 404) console.log(line);
      response.on("end", resolve);
    });
    request.setTimeout(10000, () => reject(new Error("no answer")));
    request.on("error", reject).end();
  });
server.listen(0, "127.0.0.1", async () => {
  for (const line of asked) await ask(line);
  server.close();
});

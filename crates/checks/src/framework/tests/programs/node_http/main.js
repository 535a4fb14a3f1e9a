const http = require("node:http");

function answer(req, res) {
  const url = new URL(req.url, "http://localhost");
  const { method } = req;
  if (method === "GET" && url.pathname === "/") return res.end("home");
  if (url.pathname === "/ping") return res.end();
  if (method === "DELETE" && /^\/notes\/(?<id>\d+)$/.test(url.pathname)) return res.end();
  switch (method) {
    case "GET":
      if (url.pathname === "/notes") {
        const limit = Number(url.searchParams.get("limit"));
        return res.end(JSON.stringify({ limit, user: req.headers["x-user"] }));
      }
      break;
    case "POST":
      if (url.pathname === "/notes") return res.end();
      break;
  }
  if (method === "PUT" || method === "PATCH") {
    switch (url.pathname) {
      case "/settings":
        return res.end();
    }
  }
  res.statusCode = 404;
  res.end();
}

module.exports = http.createServer(answer);

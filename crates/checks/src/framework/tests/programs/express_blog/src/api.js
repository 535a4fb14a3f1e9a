import { Router } from "express";
import { createPost } from "./posts.js";

const api = new Router();
const BASE = "/posts";
api.post(BASE, createPost);
api.patch(`${BASE}/:slug`, (request, response) => {
  const title = request.body["title"];
  response.json({ title });
});
export default api;

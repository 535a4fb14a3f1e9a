import express from "express";
import api from "./api.js";
import * as pages from "./pages.js";

export const app = express();
app.use(express.urlencoded({ extended: false }));
app.use("/api/v1/", api);
app.use(pages.router);

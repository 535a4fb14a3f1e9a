import { Router } from "express";

export const router = Router();
router.get("/", (req, res) => res.send("home"));
router.get("/files/*path", (req, res) => res.send(req.params.path.join("/")));

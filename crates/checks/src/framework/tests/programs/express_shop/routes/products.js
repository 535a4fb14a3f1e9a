const { Router } = require("express");
const reviews = require("./reviews");
const controller = require("../controller");

const router = Router();
router.get("/", controller.list);
router.route("/:id").get(controller.show).put(controller.update).delete((req, res) => res.status(204).end());
router.use("/:id/reviews", reviews);
module.exports = router;

const express = require("express");
const cors = require("./cors");
const products = require("./routes/products");
const { router: orders, audit } = require("./routes/orders");

const app = express();
app.set("view engine", "none");
app.use(express.json());
app.use(cors());
app.use("/api/products", products);
app.use(["/api/orders", "/orders"], audit, orders);
require("./routes/health")(app);
app.get("/", (req, res) => res.send(app.get("view engine")));
app.use((req, res) => res.status(404).end());

module.exports = app;
if (require.main === module) app.listen(process.env.PORT || 3000);

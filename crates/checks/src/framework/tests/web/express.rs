//! Express, where what stands before something is not written at its place.

use super::guards;

#[test]
fn express_has_lists_spreads_and_what_is_asked_first_for_every_method() {
    let found = guards([
        (
            "app.ts",
            r#"
import express, { Router } from "express";
import rateLimit from "express-rate-limit";
import { common, requireRole } from "./guards";
const app = express();
const limiter = rateLimit({ max: 5 });
app.use(...common);
app.use([express.json(), limiter]);
app.get("/open", (req, res) => res.end());
app.all("/admin/*", requireRole("admin"));
app.get("/admin/users", (req, res) => res.end());
const api = Router();
api.route("/things").all(common[0]).get((req, res) => res.end()).post([limiter, ...common], (req, res) => res.end());
app.use("/api", api);
"#,
        ),
        (
            "guards.ts",
            r#"
const trace = (req, res, next) => next();
export const common = [trace];
export function requireRole(role: string) { return (req, res, next) => { next(); }; }
"#,
        ),
    ]);
    let whole = ["Application trace = ", "Application express.json()", "Application limiter"];
    assert_eq!(found["GET /open"], whole);
    let role = "Router requireRole(\"admin\") = requireRole";
    assert_eq!(found["GET /admin/users"], [&whole[..], &[role]].concat());
    let first = "Router common[0] = ";
    assert_eq!(found["GET /api/things"], [&whole[..], &[first]].concat());
    assert_eq!(found["POST /api/things"], [&whole[..], &[first, "Route limiter", "Route trace = "]].concat());
}

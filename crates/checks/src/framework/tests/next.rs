//! Next.js, by the conventions that its documentation tells.

use seaworthy_core::surface::{InputKind::*, InputPlace::*, Surface};

use super::{files, inputs, lines, route};

const PACKAGE: &str = r#"{ "dependencies": { "next": "15.0.0", "react": "19.0.0" } }"#;

/// One application with everything that makes a route.
fn shop() -> Surface {
    files([
        ("package.json", PACKAGE),
        ("next.config.js", "module.exports = { basePath: '/shop' };\n"),
        (
            "src/app/api/items/route.ts",
            r#"
import { NextRequest, NextResponse } from 'next/server';
import { cookies } from 'next/headers';
import { z } from 'zod';
const schema = z.object({ name: z.string(), price: z.number().int() });
export async function GET(request: NextRequest) {
  const { searchParams } = new URL(request.url);
  const page = Number(searchParams.get('page'));
  const tag = request.nextUrl.searchParams.get('tag');
  return NextResponse.json([page, tag, request.headers.get('x-tenant'), (await cookies()).get('theme')]);
}
export const POST = async (request: Request) => {
  const body = schema.parse(await request.json());
  return Response.json(body, { status: 201 });
};
"#,
        ),
        (
            "src/app/api/items/[id]/route.ts",
            r#"
async function remove(request: Request, { params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  return new Response(null, { status: 204 });
}
async function upload(request: Request) {
  const form = await request.formData();
  return Response.json(form.get('title'));
}
export { remove as DELETE, upload as PUT };
"#,
        ),
        ("src/app/(site)/feed.xml/route.ts", "export function GET() { return new Response('') }\n"),
        (
            "src/app/api/auth/[...nextauth]/route.ts",
            "import { handlers } from '../auth';\nexport const { GET, POST } = handlers;\n",
        ),
        ("src/app/about/page.tsx", "export default function About() { return null }\n"),
        (
            "src/pages/api/users/[uid].ts",
            r#"
import type { NextApiRequest, NextApiResponse } from 'next';
export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  if (req.method === 'PATCH') return res.json({ name: req.body.name });
  if (req.method !== 'GET') return res.status(405).end();
  res.json({ uid: req.query.uid, full: req.query.full });
}
"#,
        ),
        ("src/pages/api/hello.js", "module.exports = (req, res) => res.end('hello');\n"),
    ])
}

#[test]
fn route_handlers_and_api_routes_are_where_the_files_are() {
    let surface = shop();
    assert_eq!(surface.not_read, []);
    let kept = [
        "* /shop/api/hello",
        "DELETE /shop/api/items/{id}",
        "GET /shop/api/auth/{nextauth}",
        "GET /shop/api/items",
        "GET /shop/api/users/{uid}",
        "GET /shop/feed.xml",
        "PATCH /shop/api/users/{uid}",
        "POST /shop/api/auth/{nextauth}",
        "POST /shop/api/items",
        "PUT /shop/api/items/{id}",
    ];
    assert_eq!(lines(&surface).into_iter().collect::<Vec<_>>(), kept);
}

#[test]
fn what_handlers_of_next_read_is_told() {
    let surface = shop();
    let list = inputs(route(&surface, "GET", "/shop/api/items"));
    assert_eq!(
        list,
        [
            (Query, "page", Number, false),
            (Query, "tag", Unknown, false),
            (Header, "x-tenant", Unknown, false),
            (Cookie, "theme", Unknown, false)
        ]
    );
    let create = inputs(route(&surface, "POST", "/shop/api/items"));
    assert_eq!(create, [(Json, "name", Text, true), (Json, "price", Integer, true)]);
    let put = inputs(route(&surface, "PUT", "/shop/api/items/{id}"));
    assert_eq!(put, [(Path, "id", Unknown, true), (Form, "title", Unknown, false)]);
    let user = inputs(route(&surface, "GET", "/shop/api/users/{uid}"));
    assert_eq!(
        user,
        [(Path, "uid", Unknown, true), (Query, "full", Unknown, false), (Json, "name", Unknown, false)]
    );
    let handler = route(&surface, "DELETE", "/shop/api/items/{id}").handler.clone().expect("a handler");
    assert_eq!(handler.symbol, "remove");
}

#[test]
fn what_a_route_handler_gives_on_makes_the_surface_incomplete_and_is_named() {
    let surface = files([
        ("apps/web/package.json", PACKAGE),
        ("apps/web/app/api/a/route.ts", "export * from './handlers';\n"),
        ("apps/web/app/api/b/route.ts", "export const GET = () => new Response('');\n"),
        ("apps/api/app/c/route.ts", "export const GET = () => new Response('');\n"),
    ]);
    assert_eq!(lines(&surface).into_iter().collect::<Vec<_>>(), ["GET /api/b"]);
    assert_eq!(surface.not_read.len(), 1);
    assert_eq!(surface.not_read[0].what, "apps/web/app/api/a/route.ts:1");
    let none = files([("package.json", "{}"), ("app/x/route.ts", "export const GET = () => 1;\n")]);
    assert!(none.complete && none.routes.is_empty());
}

#[test]
fn paths_of_a_middleware_that_cannot_be_read_are_named() {
    let matched = |matcher: &str| {
        let middleware = format!(
            "export function middleware(request) {{}}\nexport const config = {{ matcher: {matcher} }};\n"
        );
        let route = "export const GET = () => new Response('');\n";
        files([
            ("package.json", PACKAGE),
            ("middleware.ts", middleware.as_str()),
            ("app/api/b/route.ts", route),
        ])
    };
    assert!(matched("['/api/:path*', { source: '/(a|b)/(.*)' }]").complete);
    let unread = matched("[process.env.GUARDED]");
    assert_eq!(unread.not_read.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(), ["middleware.ts:2"]);
}

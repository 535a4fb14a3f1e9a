//! Next.js.

use super::guards;

const PACKAGE: &str = r#"{ "dependencies": { "next": "15.0.0" } }"#;

#[test]
fn next_has_middleware_by_its_matcher_wrappers_and_actions() {
    let found = guards([
        ("package.json", PACKAGE),
        (
            "middleware.ts",
            r#"
import { NextResponse } from 'next/server';
export function middleware(request: Request) { return NextResponse.next(); }
export const config = { matcher: ['/api/admin/:path*'] };
"#,
        ),
        ("app/api/open/route.ts", "export async function GET() { return new Response('') }\n"),
        (
            "app/api/admin/users/route.ts",
            r#"
import { withRole } from '@/lib/auth';
import { limited } from '../../../../lib/auth';
export const GET = limited(async (request: Request) => new Response(''));
export const POST = withRole('admin')(limited(handler));
async function handler(request: Request) { return new Response(''); }
"#,
        ),
        ("lib/auth.ts", "export function limited(handler) { return async (request) => handler(request); }\n"),
        (
            "app/actions.ts",
            r#"
'use server';
export async function createOrder(form: FormData) { return 1; }
export const removeOrder = limitedAction(async (id: string) => { return 2; });
function inner() {}
"#,
        ),
        (
            "app/page.tsx",
            r#"
export default function Page() {
  async function save(form: FormData) {
    'use server';
    return 1;
  }
  return null;
}
"#,
        ),
    ]);
    let middleware = "Router middleware: ['/api/admin/:path*'] = middleware";
    assert_eq!(found["GET /api/open"], [""; 0]);
    assert_eq!(found["GET /api/admin/users"], [middleware, "Route limited = limited"]);
    assert_eq!(
        found["POST /api/admin/users"],
        [middleware, "Route withRole('admin')", "Route limited = limited"]
    );
    assert_eq!(found["POST #createOrder"], [""; 0]);
    assert_eq!(found["POST #removeOrder"], ["Route limitedAction"]);
    assert_eq!(found["POST #save"], [""; 0]);
    assert!(!found.contains_key("POST #inner"));
    let whole = guards([
        ("package.json", PACKAGE),
        ("src/proxy.ts", "export default clerkMiddleware();\n"),
        ("src/app/api/x/route.ts", "export const GET = () => new Response('');\n"),
    ]);
    assert_eq!(whole["GET /api/x"], ["Application middleware: clerkMiddleware()"]);
}

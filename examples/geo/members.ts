/** The page for members. Who they are, the gateway tells in a signed token; whoever comes another way is nobody. */
import type { IncomingMessage } from 'node:http'
import { verifyOtoroshiRequest } from 'otoroshi/backend'
import { type Answer, html, problem } from './answer.ts'
import { escaped, page } from './layout.ts'

const secret = process.env['GEO_SHARED_SECRET']

export function membersPage(request: IncomingMessage): Answer {
  if (secret === undefined) return problem(404, 'there is nothing here')
  const caller = verifyOtoroshiRequest(request, { secret, version: 'none', route: 'geo members' })
  if (!caller.ok || caller.user === null) return problem(401, 'members come through the gateway')
  const { name, email } = caller.user
  return html(
    page(
      'Members',
      `<section class="card"><p class="eyebrow">Members</p><h1>Hello, ${escaped(name)}</h1>
<p>You are logged in as <strong>${escaped(email)}</strong>. This page has no login of its own: the gateway vouches for you.</p>
<p><a class="button" href="/.well-known/otoroshi/logout?redirect=/goodbye">Log out</a></p></section>`,
      { plain: true },
    ),
    { 'Cache-Control': 'no-store' },
  )
}

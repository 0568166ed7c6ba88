/** Ids by which clients are told again where a share of them is treated in another way. Signed: nobody chooses one. */
import { randomUUID } from 'node:crypto'
import { isIP } from 'node:net'
import type { Exchange, PluginServices } from '../plugin/index.ts'

/** Field in which a client may show its id instead of the cookie. */
const FIELD = 'otoroshi-canary-id'
/** Life of the cookie in seconds: 30 days. */
const LIFE = 2_592_000

type Signer = PluginServices['instance']['signer']

/** The id that the client shows, or a new one. */
export function canaryIdOf({ request }: Exchange, cookie: string, signer: Signer): string {
  const shown = (text: string | undefined): string | null => (text === undefined ? null : signer.idIn(text))
  return shown(request.cookies.get(cookie)) ?? shown(request.headers.get(FIELD)) ?? randomUUID()
}

/** The `Set-Cookie` that keeps the id. */
export function canaryCookie(
  cookie: string,
  id: string,
  { request: { domain } }: Exchange,
  signer: Signer,
): string {
  const host = isIP(domain) === 0 && domain.includes('.') ? `; Domain=${domain}` : ''
  return `${cookie}=${signer.signedId(id)}; Max-Age=${LIFE}; Path=/${host}; SameSite=Lax`
}

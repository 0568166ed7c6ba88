/** An identity provider for tests: publishes keys, gives and judges tokens, and can be slow, wrong or away. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Backend, type Seen, startBackend } from './backend.ts'

type Json = Readonly<Record<string, unknown>>
type Trouble = 'none' | 'hangs' | 'fails' | 'html' | 'huge' | 'redirects'

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token signed with RS256. */
export function rs256(key: KeyObject, kid: string, claims: Json): string {
  const text = `${part({ alg: 'RS256', kid })}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}

export class IdentityProvider {
  readonly #backend: Backend
  readonly #keys = new Map<string, { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>()
  trouble: Trouble = 'none'
  /** Beginning of the paths that are in trouble. */
  troubled = '/'
  /** What `/introspect` answers, and what `/userinfo` does. */
  introspection: Json = { active: true }
  profile: Json = { sub: 'ada', name: 'Ada', email: 'ada@idp.test' }
  readonly #waiting = new Set<ServerResponse>()

  constructor(backend: Backend) {
    this.#backend = backend
  }

  static async start(): Promise<IdentityProvider> {
    let provider: IdentityProvider | null = null
    const backend = await startBackend((request, response) => provider!.#answer(request, response))
    provider = new IdentityProvider(backend)
    return provider
  }

  get url(): string {
    return `http://127.0.0.1:${this.#backend.port}`
  }

  /** Calls of this path so far. */
  calls(path: string): readonly Seen[] {
    return this.#backend.seen.filter(({ url }) => url === path)
  }

  /** Publishes a new key under this name. */
  publish(kid: string): void {
    this.#keys.set(kid, generateKeyPairSync('rsa', { modulusLength: 2048 }))
  }

  withdraw(kid: string): void {
    this.#keys.delete(kid)
  }

  token(kid: string, claims: Json): string {
    return rs256(this.#keys.get(kid)!.privateKey, kid, claims)
  }

  /** Answers what hangs. */
  async close(): Promise<void> {
    for (const response of this.#waiting) response.destroy()
    await this.#backend.close()
  }

  #answer({ url }: Seen, response: ServerResponse): void {
    const json = (value: unknown): unknown =>
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
    switch (url.startsWith(this.troubled) ? this.trouble : 'none') {
      case 'hangs':
        this.#waiting.add(response)
        return
      case 'fails':
        response.writeHead(500).end('{"keys":[]}')
        return
      case 'html':
        response.end('<html>sorry</html>')
        return
      case 'huge':
        response.end(JSON.stringify({ keys: [], pad: 'x'.repeat(2_000_000) }))
        return
      case 'redirects':
        response.writeHead(302, { Location: `${this.url}/jwks` }).end()
        return
      case 'none':
    }
    if (url.startsWith('/jwks'))
      json({
        keys: [...this.#keys].map(([kid, pair]) => ({
          ...pair.publicKey.export({ format: 'jwk' }),
          kid,
          use: 'sig',
        })),
      })
    else if (url === '/introspect') json(this.introspection)
    else if (url === '/userinfo') json(this.profile)
    else if (url === '/token') json({ access_token: 'made-for-the-backend', expires_in: 60 })
    else response.writeHead(404).end()
  }
}

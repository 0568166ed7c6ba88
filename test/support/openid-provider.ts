/** A certified OpenID Connect provider, with its own pages for login, consent and logout. Any name and password is right. */
import { generateKeyPairSync } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface OpenIdProvider {
  readonly issuer: string
  /** Faults it told clients of. */
  readonly faults: string[]
  close(): Promise<void>
}

/** What the provider keeps, each for ten minutes. */
const LIVES = [
  'Interaction',
  'Session',
  'Grant',
  'AccessToken',
  'RefreshToken',
  'IdToken',
  'AuthorizationCode',
]

type Client = Readonly<Record<string, unknown>>

export async function startOpenIdProvider(clients: readonly Client[]): Promise<OpenIdProvider> {
  const { Provider } = await import('oidc-provider')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  let answer: http.RequestListener = (_request, response) => void response.writeHead(503).end()
  const server = http.createServer((request, response) => answer(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients,
    cookies: { keys: ['a key of tests'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    pkce: { required: () => true },
    jwks: {
      keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'of-the-provider', use: 'sig', alg: 'RS256' }],
    },
    ttl: Object.fromEntries(LIVES.map(name => [name, 600])),
    issueRefreshToken: () => true,
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `Account of ${id}`, email: `${id}@idp.test`, email_verified: true }),
    }),
  })
  const faults: string[] = []
  for (const event of [
    'authorization.error',
    'grant.error',
    'userinfo.error',
    'end_session.error',
    'server_error',
  ])
    provider.on(event, (...facts) => {
      const error = facts.find(fact => fact instanceof Error) as
        | (Error & { error_detail?: string })
        | undefined
      faults.push(`${event}: ${error?.message} ${error?.error_detail ?? ''}`)
    })
  answer = provider.callback()
  return {
    issuer,
    faults,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

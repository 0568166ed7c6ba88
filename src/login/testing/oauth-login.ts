/** Logins at a `FaultyProvider` without a gateway, step by step. */
import assert from 'node:assert/strict'
import { HeaderBlock } from '../../http/headers.ts'
import { CallFailed, type OutgoingCalls } from '../../plugin/outgoing-calls.ts'
import { authModule } from '../../plugin/testing.ts'
import { Attempts } from '../../identity/attempts.ts'
import { Passwords } from '../bcrypt/passwords.ts'
import type { LoginOutcome, Identity, LoginProvider, LoginVisit, ProviderServices } from '../contract.ts'
import { oauth2 } from '../providers/oauth2/oauth2.ts'
import { type FakeVisitInput, fakeVisit } from './fake-visit.ts'
import { FaultyProvider } from './faulty-provider.ts'

export type Json = Readonly<Record<string, unknown>>

export const ORIGIN = 'https://idp.test'
export const CALLBACK = 'http://privateapps.oto.tools:8080/privateapps/generic/callback'

function callsTo(idp: FaultyProvider): OutgoingCalls {
  return {
    async send({ method, url, headers = [], body = '' }) {
      if (!url.startsWith(ORIGIN)) throw new CallFailed('unreachable', `${url} is not there`)
      const fields = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
      const answer = idp.answer({ method, url, headers: fields, body: String(body) })
      return {
        status: answer.status,
        headers: HeaderBlock.from(Object.entries(answer.headers)),
        body: Buffer.from(answer.body),
      }
    },
  }
}

export function servicesOf(
  idp: FaultyProvider,
  logged: string[] = [],
  certificate: ProviderServices['certificate'] = () => null,
) {
  const log = (_level: string, message: string): void => void logged.push(message)
  return { passwords: new Passwords(), attempts: new Attempts(), calls: callsTo(idp), certificate, log }
}

const fields = (more: Json = {}) => ({
  type: 'oauth2',
  id: 'idp',
  clientId: 'gateway',
  clientSecret: 'secret of the gateway',
  callbackUrl: CALLBACK,
  oidConfig: `${ORIGIN}/.well-known/openid-configuration`,
  pkce: { enabled: true, algorithm: 'S256' },
  ...more,
})

/** A module without a configuration of the provider: addresses only. */
export const bare = {
  oidConfig: null,
  loginUrl: `${ORIGIN}/authorize`,
  tokenUrl: `${ORIGIN}/token`,
  userInfoUrl: `${ORIGIN}/userinfo`,
}

export const make = (idp: FaultyProvider, more: Json = {}, services = servicesOf(idp)): LoginProvider =>
  oauth2(authModule(fields(more)), services)

interface Login {
  readonly to: URL
  readonly back: URL
  readonly own: Json
}

/** A user goes to the provider and logs in there. */
export async function begun(
  provider: LoginProvider,
  idp: FaultyProvider,
  input: FakeVisitInput = {},
): Promise<Login> {
  let own: Json = {}
  const outcome = await provider.loginPage(fakeVisit({ ...input, onState: kept => (own = kept) }))
  if (outcome.kind !== 'page') throw new Error(`no page: ${outcome.kind}`)
  const to = new URL(outcome.reply.headers.find(([name]) => name === 'Location')![1])
  return { to, back: idp.authorize(to.href), own }
}

export const returned = (
  { back, own }: Pick<Login, 'back' | 'own'>,
  input: FakeVisitInput = {},
): LoginVisit => fakeVisit({ ...input, path: back.pathname + back.search, own })

export async function loggedIn(
  idp: FaultyProvider,
  more: Json = {},
  input: FakeVisitInput = {},
): Promise<LoginOutcome> {
  const provider = make(idp, more)
  return provider.callback(returned(await begun(provider, idp, input), input))
}

export async function identityOf(
  idp: FaultyProvider,
  more: Json = {},
  input: FakeVisitInput = {},
): Promise<Identity> {
  const outcome = await loggedIn(idp, more, input)
  assert.equal(outcome.kind, 'identity', JSON.stringify(outcome))
  return (outcome as { identity: Identity }).identity
}

export async function refusal(idp: FaultyProvider, more: Json = {}): Promise<string> {
  const outcome = await loggedIn(idp, more)
  assert.equal(outcome.kind, 'refused', JSON.stringify(outcome))
  return (outcome as { detail: string }).detail
}

export const idp = (change: (provider: FaultyProvider) => void = () => {}): FaultyProvider => {
  const provider = new FaultyProvider(ORIGIN)
  change(provider)
  return provider
}

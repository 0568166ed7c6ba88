/** Modules that know names and passwords: a form, or the dialogue of the browser (RFC 7617), and a check of their own. */
import type { AuthModuleView } from '../../identity/auth-module.ts'
import { TooManyPasswords } from '../bcrypt/passwords.ts'
import type { LoginOutcome, Identity, LoginProvider, LoginVisit, ProviderServices } from '../contract.ts'
import { messagePage, passwordPage } from '../pages/pages.ts'
import { because, type Reply } from '../reply.ts'

/** Who has this name and password; null when nobody. */
export type PasswordCheck = (username: string, password: string) => Promise<Identity | null>

export interface PasswordProvider {
  readonly module: AuthModuleView
  readonly services: ProviderServices
  readonly check: PasswordCheck
  /** What a name is called. */
  readonly nameLabel: string
  /** The dialogue of the browser in place of a form. */
  readonly dialogue: boolean
}

/** The same whether the name exists or not. */
const WRONG = 'Name or password is wrong, or you are not allowed here.'

export function passwordProvider(facts: PasswordProvider): LoginProvider {
  const form = (visit: LoginVisit, complaint: string | null, username: string, status: number): Reply =>
    passwordPage({
      nonce: visit.nonce,
      to: visit.label,
      action: visit.callback.href,
      token: visit.state(visit.own),
      complaint,
      username,
      label: facts.nameLabel,
      status,
      leaves: true,
    })
  return {
    loginPage: async visit => (facts.dialogue ? dialogue(facts, visit) : page(form(visit, null, '', 200))),
    async callback(visit): Promise<LoginOutcome> {
      if (facts.dialogue)
        return { kind: 'refused', display: 'No user found', detail: 'a callback without a login' }
      const fields = await visit.request.form()
      const username = fields.get('username') ?? ''
      const password = fields.get('password') ?? ''
      if (username === '' || password === '')
        return page(
          because(form(visit, 'Name and password are both needed.', username, 400), 'login.bad_request'),
        )
      const verdict = await judge(facts, username, password, visit.request.from)
      if (typeof verdict === 'number')
        return page(tooMany(form(visit, waitText(verdict), username, 429), verdict))
      if (verdict === null) return page(because(form(visit, WRONG, username, 401), 'login.refused'))
      return { kind: 'identity', identity: verdict }
    },
    logout: async () => null,
    checkPassword: facts.check,
  }
}

function page(reply: Reply): LoginOutcome {
  return { kind: 'page', reply }
}

/** Who it is; null: nobody; a number: seconds to wait. */
export async function judge(
  { module, services, check }: Pick<PasswordProvider, 'module' | 'services' | 'check'>,
  username: string,
  password: string,
  from: string,
): Promise<Identity | null | number> {
  const attempt = services.attempts.begin(module.id, username, from)
  if (attempt.wait > 0) return attempt.wait
  try {
    const identity = await check(username, password)
    if (identity !== null) attempt.succeeded()
    return identity
  } catch (error) {
    // A directory that is down has said nothing about the password.
    attempt.undone()
    if (error instanceof TooManyPasswords) return 2
    throw error
  }
}

export function waitText(seconds: number): string {
  return `Too many tries. Wait ${seconds} second${seconds === 1 ? '' : 's'}, then try again.`
}

export function tooMany(reply: Reply, seconds: number): Reply {
  return because(
    { ...reply, headers: [...reply.headers, ['Retry-After', String(seconds)]] },
    'login.too_many',
  )
}

/** Asks by 401, until somebody is known. */
async function dialogue(facts: PasswordProvider, visit: LoginVisit): Promise<LoginOutcome> {
  const { module } = facts
  const given = credentialsOf(visit.request.headers.get('authorization'))
  const ask = (title: string, text: string): Reply => ({
    ...messagePage({ nonce: visit.nonce, status: 401, title, text }),
  })
  // Asked again rather than refused for good: a browser keeps what it was given until then.
  const again = (reply: Reply): Reply => ({
    ...reply,
    headers: [...reply.headers, ['WWW-Authenticate', `Basic realm="${quoted(module.suffix)}"`]],
  })
  if (given === null) {
    const reply = ask('Log in', 'Your browser asks for your name and password.')
    return page(because(again(reply), 'login.no_session'))
  }
  const verdict = await judge(facts, given.username, given.password, visit.request.from)
  if (typeof verdict === 'number') return page(tooMany(ask('Wait', waitText(verdict)), verdict))
  if (verdict === null) return page(because(again(ask('Not allowed', WRONG)), 'login.refused'))
  return { kind: 'identity', identity: verdict }
}

function quoted(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '_').replace(/["\\]/g, '\\$&')
}

/** Basic credentials (RFC 7617), or null. */
export function credentialsOf(
  field: string | undefined,
): { readonly username: string; readonly password: string } | null {
  const encoded = /^Basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(field ?? '')?.[1]
  if (encoded === undefined || encoded.length > 8192) return null
  const pair = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return colon <= 0 ? null : { username: pair.slice(0, colon), password: pair.slice(colon + 1) }
}

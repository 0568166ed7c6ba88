/** What the doors of logins share: states, sessions, cookies, links and the judgement of users. */
import { randomBytes } from 'node:crypto'
import type { AuthModuleView } from '../identity/auth-module.ts'
import { hostCookie } from '../identity/host-cookie.ts'
import { Signer } from '../identity/seal.ts'
import { Attempts } from '../identity/attempts.ts'
import { Passwords } from './bcrypt/passwords.ts'
import { cookie, sessionDomain } from './cookies.ts'
import type { Identity, LoginVisit, ProviderServices } from './contract.ts'
import { digest, type LoginFlow, LOGIN_TIME, Flows, isSecret, newSecret } from './flow.ts'
import { KnownAdmins } from './known-admins.ts'
import { type LoginModule, LoginModules } from './modules.ts'
import { Once } from './once.ts'
import { LoginRefusal, stale } from './refusal.ts'
import { because, type Reply, withCookies } from './reply.ts'
import { BadLoginRequest, type LoginRequest } from './request.ts'
import type { LoginServices } from './services.ts'
import { lifeOf, Sessions } from './sessions.ts'
import { messagePage } from './pages/pages.ts'
import { type JudgedLogin, userFault } from './user-rules.ts'
import { statusOf } from './reasons.ts'

/** Cookie that ties a login to the browser that began it, on the host of the login. */
const BROWSER_COOKIE = 'oto-login'

export class LoginDesk {
  readonly services: LoginServices
  readonly signer: Signer
  readonly flows: Flows
  readonly sessions: Sessions
  readonly modules: LoginModules
  readonly passwords = new Passwords()
  readonly attempts = new Attempts()
  readonly admins: KnownAdmins
  readonly #once: Once
  readonly #warned = new Set<string>()

  constructor(services: LoginServices) {
    const { control, settings, calls, certificate, log } = services
    this.services = services
    this.signer = new Signer(settings.secret)
    this.flows = new Flows(settings.secret)
    this.sessions = new Sessions(control)
    this.#once = new Once(control.stored.store, settings.root)
    this.admins = new KnownAdmins(control.stored.store, settings.root)
    const { passwords, attempts } = this
    const provided: ProviderServices = { passwords, attempts, calls, certificate, log }
    this.modules = new LoginModules(control, provided)
  }

  /** Scheme, host and port of the login pages of routes. */
  usersOrigin({ url }: LoginRequest): string {
    const { scheme, port, userHosts } = this.services.settings
    const seen = port === 0 ? url.port : String(port)
    return new URL(`${scheme}://${userHosts[0]!}${seen === '' ? '' : `:${seen}`}`).origin
  }

  /** The secret of the browser, and the cookie that gives it one when it has none. */
  browser(request: LoginRequest): { readonly secret: string; readonly cookies: readonly string[] } {
    const name = hostCookie(BROWSER_COOKIE, request.secure)
    const known = request.cookies.get(name)
    if (isSecret(known)) return { secret: known, cookies: [] }
    const secret = newSecret()
    const settings = { path: '/', domain: null, maxAge: null, httpOnly: true, sameSite: 'Lax' } as const
    return { secret, cookies: [cookie(name, secret, { ...settings, secure: request.secure })] }
  }

  /** A visit of the flow; `callback`: where the module is called back. */
  visit(request: LoginRequest, flow: LoginFlow, callback: URL, label: string): LoginVisit {
    return {
      side: flow.side,
      request,
      label,
      callback,
      state: (own = {}) => this.flows.seal({ ...flow, own }),
      own: flow.own,
      nonce: newStyleNonce(),
    }
  }

  newFlow(facts: Omit<LoginFlow, 'browser' | 'nonce' | 'own'>, secret: string): LoginFlow {
    return { ...facts, browser: digest(secret), nonce: newSecret(), own: {} }
  }

  /** The flow a callback goes on with. Throws `LoginRefusal`. */
  async flowOf(request: LoginRequest, side: LoginFlow['side']): Promise<LoginFlow> {
    const form = await request.form()
    const names = ['state', 'token', 'RelayState']
    const text = names.map(name => form.get(name) ?? request.query.get(name)).find(found => found !== null)
    const flow = this.flows.open(text ?? '', request.cookies.get(hostCookie(BROWSER_COOKIE, request.secure)))
    if (flow === null || flow.side !== side) throw stale()
    return flow
  }

  /** What a module does; a failure of it, or of a server it asks, is told as one. Throws `LoginRefusal`. */
  async asked<T>({ view }: LoginModule, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (error instanceof LoginRefusal || error instanceof BadLoginRequest) throw error
      const message = error instanceof Error ? error.message : String(error)
      this.services.log('error', `auth module ${view.id}: ${message}`)
      throw new LoginRefusal(
        'login.provider_failed',
        'Login not possible right now',
        'What this login asks does not answer as it should. Try again in a minute.',
      )
    }
  }

  /** From now on the flow is over, here and on every instance. Throws `LoginRefusal` when it was before. */
  async finish(flow: LoginFlow): Promise<void> {
    if (!(await this.#once.use(flow.nonce, LOGIN_TIME))) throw stale()
  }

  /** False when the link was used before. */
  useLink(nonce: string): Promise<boolean> {
    return this.#once.use(nonce, 120_000)
  }

  /** What somebody is told whom a module refuses; the log learns why. */
  refusal(
    { display, detail }: { display: string; detail: string },
    module: string,
    from: string,
  ): LoginRefusal {
    this.services.log('warn', `login refused by auth module ${module}, from ${from}: ${detail}`)
    return new LoginRefusal('login.refused', 'Authorization error', `You're not authorized here: ${display}`)
  }

  /** Throws `LoginRefusal` when the module does not let the user in. */
  async admit(login: JudgedLogin, from: string): Promise<void> {
    const fault = await userFault(login, this.services.calls)
    if (fault !== null) throw this.refusal(fault, login.module.id, from)
  }

  /** The session cookie of a module for the host of a request; `id` null takes it away. */
  userCookie(request: LoginRequest, module: AuthModuleView, id: string | null): string {
    const { httpOnly, secure } = module.json.sessionCookieValues
    if (secure && !request.secure) this.#warnOfHttp(module.id)
    return cookie(module.cookie, id === null ? '' : this.signer.signedId(id), {
      path: '/',
      domain: sessionDomain(request.host, this.services.settings.cookieDomain),
      maxAge: id === null ? 0 : lifeOf(module),
      httpOnly,
      secure,
      sameSite: 'Lax',
    })
  }

  // Browsers keep no such cookie, so that the login comes again and again, and nobody sees why.
  #warnOfHttp(module: string): void {
    if (this.#warned.has(module)) return
    this.#warned.add(module)
    this.services.log(
      'warn',
      `auth module ${module} sets cookies for HTTPS only (sessionCookieValues.secure), and a login came over HTTP: browsers will not keep them`,
    )
  }

  /** Id of the session that the request shows for a module, or null. */
  shownId(request: LoginRequest, module: AuthModuleView): string | null {
    const shown = request.cookies.get(module.cookie)
    return shown === undefined ? null : this.signer.idIn(shown)
  }

  /** Ids of sessions that the request shows for a module: in its cookie, in the query, in a header. */
  shownIds(request: LoginRequest, module: AuthModuleView): readonly string[] {
    const { tokenHeader } = this.services.settings
    const places = [request.query.get('pappsToken'), request.headers.get(tokenHeader)]
    const ids = places.map(text => (text == null ? null : this.signer.idIn(text)))
    return [this.shownId(request, module), ...ids].filter(id => id !== null)
  }

  tellUserLoggedIn(identity: Identity, module: AuthModuleView, id: string, from: string): void {
    this.services.alert('UserLoggedInAlert', () => ({ ...whoIs(identity, id), provider: module.id, from }))
  }

  /** An administrator who is barred wants in. */
  tellBarred(who: Who, from: string): void {
    const { name, email, profile } = who
    this.services.alert('BlackListedBackOfficeUserAlert', () => ({ user: { name, email, profile }, from }))
  }

  tellAdmin(
    name: 'AdminFirstLogin' | 'AdminLoggedInAlert' | 'AdminLoggedOutAlert',
    who: Who,
    id: string,
    from: string,
  ): void {
    this.services.alert(name, () => ({ ...whoIs(who, id), provider: who.provider ?? 'local', from }))
  }

  /** A refusal as a page. */
  worded({ reason, title, message, way }: LoginRefusal): Reply {
    const nonce = newStyleNonce()
    const status = statusOf(reason)
    return because(messagePage({ nonce, status, title, text: message, ...(way !== null && { way }) }), reason)
  }

  /** `reply`, with what the browser has to keep. */
  keeping(reply: Reply, cookies: readonly string[]): Reply {
    return cookies.length === 0 ? reply : withCookies(reply, cookies)
  }

  close(): void {
    this.passwords.close()
  }
}

interface Who {
  readonly name: string
  readonly email: string
  readonly profile?: unknown
  readonly provider?: string
}

function whoIs({ name, email, profile }: Who, id: string): Readonly<Record<string, unknown>> {
  return { userName: name, userEmail: email, user: { name, email, profile }, userRandomId: id }
}

export function newStyleNonce(): string {
  return randomBytes(16).toString('base64url')
}

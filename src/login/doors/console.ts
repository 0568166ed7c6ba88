/**
 * The host where administrators log in (reference: auth modules, 7).
 *
 * Guarantees: an administrator has the rights that are stored for him or that his module gives him, and none when that says
 * nothing; whatever changes something comes from a page of this host; the cookie is for this host alone.
 */
import type { ServerExchange } from '../../http/contract.ts'
import { mayHaveUser, storedUser } from '../../identity/auth-module.ts'
import { hostCookie } from '../../identity/host-cookie.ts'
import { Rights } from '../../identity/rights.ts'
import type { EntityDefinition } from '../../model/entity.ts'
import type { AdminSession } from '../../model/kinds/admin-session.ts'
import { globalConfig } from '../../model/kinds/global-config.ts'
import { simpleAdminUser } from '../../model/kinds/simple-admin-user.ts'
import { isObject } from '../../model/types/shape.ts'
import { TooManyPasswords } from '../bcrypt/passwords.ts'
import type { Identity, LoginOutcome } from '../contract.ts'
import { cookie } from '../cookies.ts'
import { newStyleNonce, type LoginDesk } from '../desk.ts'
import type { LoginFlow } from '../flow.ts'
import type { LoginModule } from '../modules.ts'
import { wayOnward } from '../onward.ts'
import { administratorPage, choicePage, passwordPage } from '../pages/pages.ts'
import { tooMany, waitText } from '../providers/password-provider.ts'
import { LoginRefusal, stale } from '../refusal.ts'
import { because, json, redirect, type Reply } from '../reply.ts'
import type { LoginRequest } from '../request.ts'

/** What stands before `/api/…` and `/apis/…` for the pages of the console. */
const PROXY = '/bo/api/proxy'
/** Where upstream's console tries auth modules. */
const CHECK = /^\/bo\/api\/auth\/([^/]+\/)?_check$/
const SIMPLE = '/bo/simple/login'
const LOGOUT = '/backoffice/auth0/logout'
const WRONG = 'Name or password is wrong.'
/** What signed ids of administrators begin with, so that the id of a user is never one. */
const KEY = 'bousr='

export class ConsoleDoor {
  readonly #desk: LoginDesk

  constructor(desk: LoginDesk) {
    this.#desk = desk
  }

  /** Null: the exchange is answered elsewhere. */
  async answer(request: LoginRequest, exchange: ServerExchange): Promise<Reply | null> {
    const { path, method } = request
    if (path.startsWith(`${PROXY}/`) || CHECK.test(path)) return this.#adminCall(request, exchange)
    const reads = method === 'GET'
    const sends = method === 'POST'
    if (path === '/' && reads) return this.#home(request)
    if (path === SIMPLE && reads) return this.#form(request, null, '', 200)
    if (path === SIMPLE && sends) return request.wantsJson ? this.#simpleJson(request) : this.#simple(request)
    if (path === '/backoffice/auth0/login' && reads) return this.#byModule(request)
    if (path === '/backoffice/auth0/callback' && (reads || sends)) return this.#callback(request)
    if (path === LOGOUT && (reads || sends)) return this.#logout(request)
    throw new LoginRefusal('login.unknown_page', 'Page not found', 'There is nothing at this address.')
  }

  async #home(request: LoginRequest): Promise<Reply> {
    const session = await this.#session(request)
    if (session !== null) return this.#welcome(request, session)
    const module = this.#module()
    if (module === null || this.#settings()['u2fLoginOnly'] === true) return redirect(SIMPLE)
    return choicePage(newStyleNonce(), 'the console of this gateway', [
      { href: '/backoffice/auth0/login', label: module.view.name, hint: 'Recommended' },
      { href: SIMPLE, label: 'Local administrator', hint: 'With a name and password kept here' },
    ])
  }

  #welcome(request: LoginRequest, session: AdminSession): Reply {
    const { secret, cookies } = this.#desk.browser(request)
    const facts = { side: 'admin', module: '', route: '', to: this.#homeOf(request), start: '' } as const
    const flow = this.#desk.newFlow(facts, secret)
    const reply = administratorPage({
      nonce: newStyleNonce(),
      name: session.name ?? session.email ?? '',
      email: session.email ?? '',
      rights: rightsText(session.rights),
      until: new Date(session.expiredAt ?? 0).toISOString(),
      logout: LOGOUT,
      token: this.#desk.flows.seal(flow),
    })
    return this.#desk.keeping(reply, cookies)
  }

  #form(request: LoginRequest, complaint: string | null, username: string, status: number): Reply {
    const { secret, cookies } = this.#desk.browser(request)
    const facts = { side: 'admin', module: '', route: '', to: this.#homeOf(request), start: '' } as const
    const reply = passwordPage({
      nonce: newStyleNonce(),
      to: 'the console of this gateway',
      action: SIMPLE,
      token: this.#desk.flows.seal(this.#desk.newFlow(facts, secret)),
      complaint,
      username,
      label: 'Login',
      status,
      ...(this.#module() !== null && {
        other: { href: '/backoffice/auth0/login', label: 'Log in another way' },
      }),
    })
    return this.#desk.keeping(reply, cookies)
  }

  async #simple(request: LoginRequest): Promise<Reply> {
    const form = await request.form()
    const username = form.get('username') ?? ''
    const flow = await this.#desk.flowOf(request, 'admin')
    if (flow.module !== '') throw stale()
    const found = await this.#localAdmin(username, form.get('password') ?? '', request.from)
    if (typeof found === 'number') return tooMany(this.#form(request, waitText(found), username, 429), found)
    if (found === null) return because(this.#form(request, WRONG, username, 401), 'login.refused')
    await this.#desk.finish(flow)
    return redirect(flow.to, [await this.#begin(request, found, null)])
  }

  /** The form upstream's console sends. A page of another origin cannot send JSON unasked, and is refused besides. */
  async #simpleJson(request: LoginRequest): Promise<Reply> {
    if (!isOwnPage(request, false)) throw badOrigin()
    const { username, password } = await request.json()
    const given = typeof username === 'string' && typeof password === 'string'
    const found = given ? await this.#localAdmin(username, password, request.from) : null
    if (typeof found === 'number') return tooMany(json(429, { error: waitText(found) }), found)
    if (found === null) return because(json(401, { error: 'not authorized' }), 'login.refused')
    const begun = await this.#begin(request, found, null)
    return this.#desk.keeping(json(200, { username }), [begun])
  }

  /** Null: nobody; a number: seconds to wait. */
  async #localAdmin(username: string, password: string, from: string): Promise<Identity | null | number> {
    if (this.#settings()['u2fLoginOnly'] === true)
      throw new LoginRefusal('login.refused', 'Not this way', 'Administrators log in with passkeys only.')
    const { attempts, passwords, services } = this.#desk
    const attempt = attempts.begin('local administrators', username, from)
    if (attempt.wait > 0) return attempt.wait
    const stored =
      username === '' ? null : services.control.get(simpleAdminUser as EntityDefinition, username)
    const admin = stored?.view() ?? null
    try {
      const hash = admin?.['password']
      if (!(await passwords.matches(password, typeof hash === 'string' ? hash : null)) || admin === null)
        return null
    } catch (error) {
      attempt.undone()
      if (error instanceof TooManyPasswords) return 2
      throw error
    }
    attempt.succeeded()
    const { label, rights, adminEntityValidators, tags, metadata } = admin
    const name = typeof label === 'string' ? label : username
    return {
      name,
      email: username,
      profile: { name, email: username },
      token: {},
      otoroshiData: null,
      tags: Array.isArray(tags) ? (tags as string[]) : [],
      metadata: isObject(metadata) ? (metadata as Record<string, string>) : {},
      rights: rights ?? null,
      adminEntityValidators: isObject(adminEntityValidators) ? adminEntityValidators : {},
    }
  }

  async #byModule(request: LoginRequest): Promise<Reply> {
    const module = this.#module()
    if (module === null) {
      // Forms send an empty text for no module.
      if (!this.#settings()['backOfficeAuthRef']) return redirect('/')
      throw new LoginRefusal(
        'login.module_missing',
        'Login not possible',
        'BackOffice Oauth is not configured',
      )
    }
    const { secret, cookies } = this.#desk.browser(request)
    const facts = { side: 'admin', module: module.view.id, route: '', start: '' } as const
    const flow = this.#desk.newFlow({ ...facts, to: this.#homeOf(request) }, secret)
    const outcome = await this.#desk.asked(module, module.provider.loginPage(this.#visit(request, flow)))
    return this.#desk.keeping(await this.#decided(outcome, request, flow, module), cookies)
  }

  async #callback(request: LoginRequest): Promise<Reply> {
    const flow = await this.#desk.flowOf(request, 'admin')
    // The module may have been taken away from administrators meanwhile.
    const module = this.#module()
    if (module === null || module.view.id !== flow.module) throw stale()
    const outcome = await this.#desk.asked(module, module.provider.callback(this.#visit(request, flow)))
    return this.#decided(outcome, request, flow, module)
  }

  async #decided(
    outcome: LoginOutcome,
    request: LoginRequest,
    flow: LoginFlow,
    module: LoginModule,
  ): Promise<Reply> {
    if (outcome.kind === 'page') return outcome.reply
    if (outcome.kind === 'refused') throw this.#desk.refusal(outcome, module.view.id, request.from)
    const { identity } = outcome
    const user = this.#desk.sessions.adminOf(identity, module.view, 0)
    await this.#desk.admit({ user, module: module.view, route: null }, request.from)
    await this.#desk.finish(flow)
    return redirect(flow.to, [await this.#begin(request, identity, module)])
  }

  #visit(request: LoginRequest, flow: LoginFlow) {
    const callback = new URL('/backoffice/auth0/callback', request.url.origin)
    callback.searchParams.set('hash', this.#desk.signer.sign(`${flow.module}:::backoffice`))
    return this.#desk.visit(request, flow, callback, 'the console of this gateway')
  }

  /** Begins the session; answers its cookie. Who was logged in here before is not any more. */
  async #begin(request: LoginRequest, identity: Identity, module: LoginModule | null): Promise<string> {
    if (Rights.read(identity.rights).isNothing)
      throw new LoginRefusal(
        'login.refused',
        'Authorization error',
        "You're not authorized here: you have no rights on this gateway",
      )
    const { sessions, services, admins } = this.#desk
    if (await admins.isBarred(identity.email)) {
      this.#desk.tellBarred(identity, request.from)
      throw new LoginRefusal('login.barred', 'Page not found', 'There is nothing at this address.')
    }
    const before = await this.#session(request)
    if (before !== null) await sessions.endAdmin(before.randomId)
    const { sessionLife } = services.settings.admin
    const id = await sessions.beginAdmin(sessions.adminOf(identity, module?.view ?? null, sessionLife))
    const provider = module === null ? {} : { provider: module.view.id }
    const alert = (await admins.isFirstLogin(identity.email)) ? 'AdminFirstLogin' : 'AdminLoggedInAlert'
    this.#desk.tellAdmin(alert, { ...identity, ...provider }, id, request.from)
    return this.#cookie(request, id)
  }

  /** The console may lead here from outside; a form says that it is a page of ours. */
  async #logout(request: LoginRequest): Promise<Reply> {
    const session = await this.#session(request)
    if (session === null) return redirect('/', [this.#cookie(request, null)])
    if (request.method === 'POST') await this.#desk.flowOf(request, 'admin')
    else if (!isOwnPage(request, true)) throw badOrigin()
    const module = session.simpleLogin ? null : this.#desk.modules.find(session.authConfigId ?? '')
    const onward = module === null ? null : await module.provider.logout(session)
    await this.#desk.sessions.endAdmin(session.randomId)
    const { name, email, profile } = session
    const who = { name: name ?? '', email: email ?? '', profile, provider: session.authConfigId ?? 'local' }
    this.#desk.tellAdmin('AdminLoggedOutAlert', who, session.randomId, request.from)
    const home = this.#homeOf(request)
    const to = onward === null ? '/' : wayOnward(onward, home)
    return redirect(to, [this.#cookie(request, null)])
  }

  async #adminCall(request: LoginRequest, exchange: ServerExchange): Promise<Reply | null> {
    const { adminCall } = this.#desk.services
    const known = CHECK.exec(request.path)
    const path = known === null ? request.path.slice(PROXY.length) : `/api/auths/${known[1] ?? ''}_check`
    const target = path + request.url.search
    if (adminCall === null || !/^\/apis?\//.test(target))
      throw new LoginRefusal('login.unknown_page', 'Page not found', 'There is nothing at this address.')
    const session = await this.#session(request)
    if (session === null) return because(json(401, { error: 'unauthorized' }), 'login.no_session')
    if (request.method !== 'GET' && !isOwnPage(request, false))
      return because(json(417, { error: 'Bad origin' }), 'login.bad_origin')
    adminCall(exchange, target, session, request.from)
    return null
  }

  async #session(request: LoginRequest): Promise<AdminSession | null> {
    const name = hostCookie(this.#desk.services.settings.admin.cookie, request.secure)
    const shown = this.#desk.signer.idIn(request.cookies.get(name) ?? '')
    if (shown?.startsWith(KEY) !== true) return null
    const { sessions, admins } = this.#desk
    const session = this.#asStored(await sessions.admin(shown.slice(KEY.length)))
    // Whoever is barred meanwhile is out with the next request.
    return session !== null && (await admins.isBarredByNow(session.email ?? '')) ? null : session
  }

  /** A local administrator has the rights that are stored for him now, and none when he was removed. */
  #asStored(session: AdminSession | null): AdminSession | null {
    if (session === null) return null
    if (session.simpleLogin !== true) return this.#asModuleSays(session)
    const stored = this.#desk.services.control.get(simpleAdminUser as EntityDefinition, session.email ?? '')
    return stored === null ? null : withRightsOf(session, stored.view())
  }

  /**
   * Whoever came through a module needs that it is still the one for administrators, and where it has its users itself that he is one
   * of them; then he has the rights that it gives him now.
   */
  #asModuleSays(session: AdminSession): AdminSession | null {
    const module = this.#module()
    const email = session.email ?? ''
    if (module === null || module.view.id !== session.authConfigId || !mayHaveUser(module.view, email))
      return null
    const stored = storedUser(module.view, email)
    return stored === null ? session : withRightsOf(session, stored)
  }

  #cookie(request: LoginRequest, id: string | null): string {
    const { admin } = this.#desk.services.settings
    const name = hostCookie(admin.cookie, request.secure)
    return cookie(name, id === null ? '' : this.#desk.signer.signedId(KEY + id), {
      path: '/',
      domain: null,
      maxAge: id === null ? 0 : Math.floor(admin.sessionLife / 1000),
      httpOnly: true,
      secure: admin.secure || request.secure,
      sameSite: admin.sameSite === 'strict' ? 'Strict' : 'Lax',
    })
  }

  #module(): LoginModule | null {
    const ref = this.#settings()['backOfficeAuthRef']
    return typeof ref === 'string' && ref !== '' ? this.#desk.modules.find(ref) : null
  }

  #settings(): Readonly<Record<string, unknown>> {
    return this.#desk.services.control.get(globalConfig as EntityDefinition, 'global')?.view() ?? {}
  }

  #homeOf({ url }: LoginRequest): string {
    return `${url.origin}/`
  }
}

function badOrigin(): LoginRefusal {
  return new LoginRefusal('login.bad_origin', 'Bad origin', 'A page of another site asked for this.')
}

/**
 * True when the request comes from a page of this host. `typed`: one that no page made (an address that was typed in) is
 * taken, too.
 */
function isOwnPage({ headers, url }: LoginRequest, typed: boolean): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin' && !(typed && site === 'none')) return false
  const named = headers.get('origin') ?? headers.get('referer')
  if (named === undefined) return typed || site === 'same-origin'
  return URL.parse(named)?.host === url.host
}

function rightsText(rights: unknown): string {
  if (Rights.read(rights).isSuper) return 'Everything'
  if (!Array.isArray(rights)) return 'None'
  const tenants = rights.map(right => (isObject(right) ? String(right['tenant']) : ''))
  return tenants.join(', ')
}

/** The session with what is stored for its administrator now. */
function withRightsOf(session: AdminSession, stored: Readonly<Record<string, unknown>>): AdminSession {
  const { rights, adminEntityValidators } = stored
  return { ...session, rights, adminEntityValidators } as AdminSession
}

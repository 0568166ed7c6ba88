/**
 * The host where users of routes log in (reference: auth modules, 4).
 *
 * Guarantees: a user is sent on only to what the gateway signed; every login has a state of its own that counts once, in the
 * browser that began it; a session is begun after the login, under an id that was not known before.
 */
import { mayHaveUser } from '../../identity/auth-module.ts'
import type { LoginOutcome, Identity } from '../contract.ts'
import { emailMatches } from '../user-rules.ts'
import { newStyleNonce, type LoginDesk } from '../desk.ts'
import type { LoginFlow } from '../flow.ts'
import type { LoginModule, LoginRoute } from '../modules.ts'
import { returnedParameters } from '../onward.ts'
import { choicePage, emailPage, messagePage, tokenPage } from '../pages/pages.ts'
import { LoginRefusal, stale } from '../refusal.ts'
import { because, redirect, type Reply } from '../reply.ts'
import type { LoginRequest } from '../request.ts'

/** Redirection of programs without a browser: the page shows them a token. */
const OUT_OF_BAND = 'urn:ietf:wg:oauth:2.0:oob'
const BASE = '/privateapps/generic'

export class UsersDoor {
  readonly #desk: LoginDesk

  constructor(desk: LoginDesk) {
    this.#desk = desk
  }

  async answer(request: LoginRequest): Promise<Reply> {
    const { method, path } = request
    const reads = method === 'GET'
    const sends = method === 'POST'
    if (path === `${BASE}/login` && method === 'OPTIONS') return this.#preflight(request)
    if (path === `${BASE}/login` && reads) return this.#login(request)
    if (path === `${BASE}/callback` && (reads || sends)) return this.#callback(request)
    if (path === `${BASE}/choose-provider` && (reads || sends)) return this.#choose(request)
    if (path === `${BASE}/simple-login` && (reads || sends)) return this.#askEmail(request, null)
    if (path === `${BASE}/logout` && reads) return this.#left(request)
    if (path === '/privateapps/home' || path === '/' || path === '/privateapps/redirect') return home()
    if (path === '/privateapps/error')
      return said(
        500,
        'Something went wrong',
        'The login failed. Go back to where you wanted to and try again.',
      )
    throw new LoginRefusal('login.unknown_page', 'Page not found', 'There is nothing at this address.')
  }

  async #login(request: LoginRequest): Promise<Reply> {
    const route = this.#route(request)
    const choice = this.#choice(request, route)
    if (choice === null) return this.#askEmail(request, 'No login is known for this email.')
    const module = this.#desk.modules.get(choice)
    const to = this.#destination(request, route.id)
    const start = request.query.get('start') ?? ''
    const shown = this.#desk.shownId(request, module.view)
    const session = shown === null ? null : await this.#desk.sessions.user(shown)
    if (session?.authConfigId === module.view.id && mayHaveUser(module.view, session.entity.email))
      return this.#goOn(request, module, session.id, to, start)
    const { secret, cookies } = this.#desk.browser(request)
    const flow = this.#desk.newFlow(
      { side: 'user', module: module.view.id, route: route.id, to, start },
      secret,
    )
    const visit = this.#desk.visit(request, flow, this.#callbackUrl(request, flow), route.name)
    const outcome = await this.#desk.asked(module, module.provider.loginPage(visit))
    const reply = await this.#decided(outcome, request, flow, module, route)
    return this.#desk.keeping(reply, cookies)
  }

  async #callback(request: LoginRequest): Promise<Reply> {
    const flow = await this.#desk.flowOf(request, 'user')
    this.#checkHash(request, flow)
    const module = this.#desk.modules.get(flow.module)
    const route = this.#desk.modules.route(flow.route)
    if (route === null) throw unknownRoute()
    const visit = this.#desk.visit(request, flow, this.#callbackUrl(request, flow), route.name)
    const outcome = await this.#desk.asked(module, module.provider.callback(visit))
    return this.#decided(outcome, request, flow, module, route)
  }

  async #decided(
    outcome: LoginOutcome,
    request: LoginRequest,
    flow: LoginFlow,
    module: LoginModule,
    route: LoginRoute,
  ): Promise<Reply> {
    if (outcome.kind === 'page') return outcome.reply
    if (outcome.kind === 'refused') throw this.#desk.refusal(outcome, module.view.id, request.from)
    return this.#letIn(outcome.identity, request, flow, module, route)
  }

  async #letIn(
    identity: Identity,
    request: LoginRequest,
    flow: LoginFlow,
    module: LoginModule,
    route: LoginRoute,
  ): Promise<Reply> {
    const { sessions } = this.#desk
    const user = sessions.userOf(identity, module.view)
    await this.#desk.admit({ user, module: module.view, route: route.json }, request.from)
    await this.#desk.finish(flow)
    const before = this.#desk.shownId(request, module.view)
    if (before !== null) await sessions.endUser(before)
    const id = await sessions.beginUser(user)
    this.#desk.tellUserLoggedIn(identity, module.view, id, request.from)
    return this.#goOn(request, module, id, flow.to, flow.start)
  }

  /** To the host of the route, which gets a link that it can use once. */
  #goOn(request: LoginRequest, { view }: LoginModule, session: string, to: string, start: string): Reply {
    const cookies = [this.#desk.userCookie(request, view, session)]
    if (to === OUT_OF_BAND)
      return this.#desk.keeping(tokenPage(newStyleNonce(), this.#desk.signer.signedId(session)), cookies)
    const link = new URL('/.well-known/otoroshi/login', to)
    if (link.host === request.url.host) return redirect(to, cookies)
    link.searchParams.set('sessionId', this.#desk.flows.sealLink({ session, module: view.id, to, start }))
    return redirect(link.href, cookies)
  }

  #choose(request: LoginRequest): Reply {
    const route = this.#route(request)
    this.#checkLink(request, route.id)
    const choices = route.modules.ids.flatMap(id => {
      const module = this.#desk.modules.find(id)
      if (module === null) return []
      const link = this.#onward(request, `${BASE}/login`)
      link.searchParams.set('ref', id)
      return [
        {
          href: link.href,
          label: module.view.name,
          hint: module.view.json.desc === '--' ? '' : module.view.json.desc,
        },
      ]
    })
    return choicePage(newStyleNonce(), route.name, choices)
  }

  #askEmail(request: LoginRequest, complaint: string | null): Reply {
    const route = this.#route(request)
    this.#checkLink(request, route.id)
    const link = this.#onward(request, `${BASE}/login`)
    return emailPage({
      nonce: newStyleNonce(),
      to: route.name,
      action: link.pathname,
      fields: [...link.searchParams],
      complaint,
    })
  }

  /** The login again, with the parameters that go with the flow. */
  #onward({ url, query }: LoginRequest, path: string): URL {
    const link = new URL(path, url.origin)
    for (const name of ['route', 'desc', 'redirect', 'hash', 'start']) {
      const value = query.get(name)
      if (value !== null) link.searchParams.set(name, value)
    }
    return link
  }

  /** After a logout on the host of a route: the cookie of this host goes, and the user to where he came from. */
  #left(request: LoginRequest): Reply {
    const query = returnedParameters(request.query)
    const to = query.get('redirectTo')
    const suffix = query.get('cp')
    if (to === null || suffix === null || query.get('host') === null)
      throw new LoginRefusal('login.missing_parameters', 'Missing parameters', 'Missing parameters')
    const module = this.#desk.modules.find(query.get('ref') ?? '')
    const cookies = module?.view.suffix === suffix ? [this.#desk.userCookie(request, module.view, null)] : []
    const signed = `redirectTo=${to}&cp=${suffix}`
    if (this.#desk.signer.verifies(signed, query.get('hash') ?? '')) return redirect(to, cookies)
    return this.#desk.keeping(said(200, 'Logged out', 'You are logged out.'), cookies)
  }

  #route({ query }: LoginRequest): LoginRoute {
    const id = query.get('route') ?? query.get('desc')
    const route = id === null ? null : this.#desk.modules.route(id)
    if (route === null) throw unknownRoute()
    if (route.modules.ids.length === 0)
      throw new LoginRefusal('login.not_private', 'No login here', 'Private apps are not configured')
    return route
  }

  /** Id of the module to log in through; null when an email leads to none. */
  #choice({ query }: LoginRequest, { modules }: LoginRoute): string | null {
    const { ids, groups } = modules
    const ref = query.get('ref')
    if (ref !== null && ids.includes(ref)) return ref
    const email = query.get('email')?.trim()
    if (email !== undefined && ref === null && ids.length > 1)
      return ids.find(id => (groups[id] ?? []).some(line => fits(line, email))) ?? null
    if (ref === null && ids.length === 1) return ids[0]!
    throw new LoginRefusal(
      'login.module_not_chosen',
      'Login not possible',
      'Multi Auth. config. ref not found on the route',
    )
  }

  /** Where the user goes then: what the gateway signed, or a page of this host. */
  #destination(request: LoginRequest, route: string): string {
    const home = new URL('/privateapps/home', request.url.origin).href
    if (!this.#isSigned(request, route)) return home
    const to = Buffer.from(request.query.get('redirect') ?? '', 'base64url').toString('utf8')
    if (to === OUT_OF_BAND) return to
    const url = URL.parse(to)
    return url !== null && /^https?:$/.test(url.protocol) ? url.href : home
  }

  #isSigned({ query }: LoginRequest, route: string): boolean {
    const redirectTo = query.get('redirect') ?? ''
    const hash = query.get('hash') ?? ''
    const { signer } = this.#desk
    return ['desc', 'route'].some(name => signer.verifies(`${name}=${route}&redirect=${redirectTo}`, hash))
  }

  #checkLink(request: LoginRequest, route: string): void {
    if (this.#isSigned(request, route)) return
    throw new LoginRefusal(
      'login.bad_signature',
      'This link does not work',
      'Go back to where you wanted to and log in anew.',
    )
  }

  #callbackUrl(request: LoginRequest, { route, module }: LoginFlow): URL {
    const url = new URL(`${BASE}/callback`, request.url.origin)
    url.searchParams.set('desc', route)
    url.searchParams.set('hash', this.#desk.signer.sign(`${module}:::${route}`))
    return url
  }

  /** Links of upstream's form carry a signature of their own. */
  #checkHash({ query }: LoginRequest, { route, module }: LoginFlow): void {
    const hash = query.get('hash')
    const target = query.get('desc') ?? route
    if (target !== route) throw stale()
    if (hash !== null && !this.#desk.signer.verifies(`${module}:::${route}`, hash))
      throw new LoginRefusal('login.bad_signature', 'Login not possible', 'Auth. config. bad signature')
  }

  #preflight(request: LoginRequest): Reply {
    const origin = request.headers.get('origin')
    const method = request.headers.get('access-control-request-method')
    if (origin !== this.#desk.usersOrigin(request) || method !== 'GET')
      return because({ status: 400, headers: [] }, 'login.bad_origin')
    return {
      status: 200,
      headers: [
        ['Access-Control-Allow-Origin', origin],
        ['Access-Control-Allow-Methods', 'GET'],
        ['Access-Control-Allow-Credentials', 'true'],
        ['Vary', 'Origin'],
      ],
    }
  }
}

/** Patterns of groups of users are those of lists, and `*` stands for anything. */
function fits(line: string, email: string): boolean {
  return (
    emailMatches(line, email, false) ||
    (line.includes('*') && emailMatches(`Wildcard(${line})`, email, false))
  )
}

function unknownRoute(): LoginRefusal {
  return new LoginRefusal('login.unknown_route', 'Route not found', 'Route not found')
}

function home(): Reply {
  return said(200, 'Hello', 'This is where users of this gateway log in. There is nothing to do right now.')
}

function said(status: number, title: string, text: string): Reply {
  return messagePage({ nonce: newStyleNonce(), status, title, text })
}

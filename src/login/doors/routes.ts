/**
 * The two paths of logins on the hosts of routes: the end of a login, where the cookie is set, and the logout.
 *
 * Guarantees: a link sets a cookie once, within a minute, on the host it was made for, and only in the browser that wanted to
 * log in there: nobody is logged in as somebody else by following a link.
 */
import type { UserView } from '../../identity/user.ts'
import { hostCookie } from '../../identity/host-cookie.ts'
import type { LoginDesk } from '../desk.ts'
import { digest, isSecret } from '../flow.ts'
import type { LoginModule } from '../modules.ts'
import { wayOnward } from '../onward.ts'
import { LoginRefusal } from '../refusal.ts'
import { redirect, type Reply } from '../reply.ts'
import type { LoginRequest } from '../request.ts'

/** Cookie that a route sets before it sends somebody to the login. */
export const START_COOKIE = 'oto-papps-start'

const LOGIN: ReadonlySet<string> = new Set(['/.well-known/otoroshi/login', '/__otoroshi_private_apps_login'])

export class RoutesDoor {
  readonly #desk: LoginDesk

  constructor(desk: LoginDesk) {
    this.#desk = desk
  }

  /** Null: not one of these paths. */
  answer(request: LoginRequest): Promise<Reply> | null {
    if (LOGIN.has(request.path)) return this.#login(request)
    return request.modules.length > 0 || request.path.includes('logout') ? this.#logout(request) : null
  }

  async #login(request: LoginRequest): Promise<Reply> {
    const text = request.query.get('sessionId')
    if (text === null)
      throw new LoginRefusal('login.missing_parameters', 'Missing parameters', 'Missing parameters')
    const handover = this.#desk.flows.openLink(text)
    if (handover === null || new URL(handover.to).host !== request.url.host) throw badLink()
    const { to, start, session, nonce } = handover
    // A login that did not begin at the route begins again there: one that did brings the cookie.
    if (start === '') return redirect(to)
    const held = request.cookies.get(hostCookie(START_COOKIE, request.secure))
    if (!isSecret(held) || digest(held) !== start) throw badLink(to)
    const module = this.#desk.modules.get(handover.module)
    const user = await this.#desk.sessions.user(session)
    if (user === null || user.authConfigId !== module.view.id) throw badLink(to)
    if (!(await this.#desk.useLink(nonce))) throw badLink(to)
    return redirect(to, [this.#desk.userCookie(request, module.view, session)])
  }

  async #logout(request: LoginRequest): Promise<Reply> {
    if (request.modules.length === 0)
      throw new LoginRefusal('login.not_private', 'No login here', 'Private apps are not configured')
    const modules = request.modules.map(id => this.#desk.modules.find(id)).filter(found => found !== null)
    if (modules.length === 0)
      throw new LoginRefusal(
        'login.module_missing',
        'Logout not possible',
        'Auth. config. not found on the descriptor',
      )
    const here = modules
      .map(module => ({ module, ids: this.#desk.shownIds(request, module.view) }))
      .filter(({ ids }) => ids.length > 0)
    if (here.length === 0 && request.modules.length > 1)
      throw new LoginRefusal('login.no_session', 'Not logged in', 'No authentication cookies found')
    let onward: string | null = null
    let left: LoginModule | null = null
    for (const { module, ids } of here)
      for (const id of ids) {
        const user = await this.#desk.sessions.user(id)
        // Shown in the query or a header, it may belong to any of them.
        if (user === null || user.authConfigId !== module.view.id) continue
        const there = await this.#leave(module, user)
        left ??= module
        // Of several logins the first with a provider to log out of leads there.
        if (onward === null && there !== null) {
          onward = there
          left = module
        }
        await this.#desk.sessions.endUser(user.id)
      }
    left ??= here[0]?.module ?? modules[0]!
    const way = this.#wayBack(request, left)
    const to = onward === null ? way : wayOnward(onward, way)
    return redirect(
      to,
      modules.map(({ view }) => this.#desk.userCookie(request, view, null)),
    )
  }

  /** The logout of the provider; one that fails keeps nobody logged in here. */
  async #leave({ provider, view }: LoginModule, user: UserView): Promise<string | null> {
    try {
      return await provider.logout(user)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#desk.services.log('warn', `logout of auth module ${view.id}: ${message}`)
      return null
    }
  }

  /** Over the host of logins, whose cookie goes too, to where the user wants: a host that shares his session, or this one. */
  #wayBack(request: LoginRequest, { view }: LoginModule): string {
    const wanted = URL.parse(request.query.get('redirect') ?? '/', request.url.origin)
    const { cookieDomain } = this.#desk.services.settings
    const logins = this.#desk.usersOrigin(request)
    // A host that the route does not name is what a request says of itself: nothing that is signed leads there.
    const shares = ({ hostname }: URL): boolean => `.${hostname}`.endsWith(cookieDomain)
    const home = request.hostIsNamed || shares(request.url) ? request.url.origin : null
    const trusted =
      wanted !== null &&
      /^https?:$/.test(wanted.protocol) &&
      ((home !== null && wanted.host === request.url.host) || shares(wanted))
    const to = trusted ? wanted.href : home === null ? `${logins}/privateapps/home` : `${home}/`
    const link = new URL('/privateapps/generic/logout', logins)
    link.searchParams.set('redirectTo', to)
    link.searchParams.set('host', request.host)
    link.searchParams.set('cp', view.suffix)
    link.searchParams.set('ref', view.id)
    link.searchParams.set('hash', this.#desk.signer.sign(`redirectTo=${to}&cp=${view.suffix}`))
    return link.href
  }
}

function badLink(to: string | null = null): LoginRefusal {
  return new LoginRefusal(
    'login.bad_link',
    'This link does not work',
    'Invalid redirection url: it is too old, was used already, or belongs to another browser. Your browser must accept cookies.',
    to === null ? null : { href: to, label: 'Log in again' },
  )
}

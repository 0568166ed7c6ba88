/**
 * Logins as a handler for the private listener of the control plane: who logs in talks to the control plane, who is logged
 * in needs it no more.
 *
 * Guarantees: without the token nothing is read or answered but 404; every request is answered, with a page that tells people
 * what to do and a reason code for programs; what failed inside is logged and not told.
 */
import type { ServerExchange } from '../http/contract.ts'
import { Attempts } from '../identity/attempts.ts'
import type { PasswordAnswer, PasswordQuestion } from '../identity/password-question.ts'
import type { AuthModule } from '../model/kinds/auth-module.ts'
import { StoreUnavailable } from '../store/contract.ts'
import { type Checked, checkModule, type PasswordPair } from './check.ts'
import { LoginDesk } from './desk.ts'
import { ConsoleDoor } from './doors/console.ts'
import { RoutesDoor } from './doors/routes.ts'
import { UsersDoor } from './doors/users.ts'
import { judge } from './providers/password-provider.ts'
import { LoginRefusal } from './refusal.ts'
import { because, redirect, type Reply, send } from './reply.ts'
import { BadLoginRequest, LoginRequest } from './request.ts'
import type { LoginServices } from './services.ts'
import { TokenRenewal } from './token-renewal.ts'
import { TooManyPasswords } from './bcrypt/passwords.ts'
import { userFault } from './user-rules.ts'
import { comesByLogin } from './way.ts'

/** Milliseconds between two looks for sessions that are over. */
const SWEEP = 5 * 60_000

export class Login {
  readonly #services: LoginServices
  readonly #desk: LoginDesk
  readonly #users: UsersDoor
  readonly #routes: RoutesDoor
  readonly #console: ConsoleDoor
  readonly #renewal: TokenRenewal
  /** Tries of administrators keep no user of a module out, nor are they a second way to guess. */
  readonly #checks = new Attempts()
  readonly #timer: NodeJS.Timeout

  constructor(services: LoginServices) {
    this.#services = services
    this.#desk = new LoginDesk(services)
    this.#users = new UsersDoor(this.#desk)
    this.#routes = new RoutesDoor(this.#desk)
    this.#console = new ConsoleDoor(this.#desk)
    this.#renewal = new TokenRenewal(this.#desk)
    this.#timer = setInterval(() => this.#sweep(), SWEEP).unref()
  }

  /** Answers an exchange, if only by refusing one that comes from elsewhere. Never throws. */
  handle(exchange: ServerExchange): void {
    if (!comesByLogin(exchange, this.#services.token)) {
      send(exchange, because({ status: 404, headers: [] }, 'login.unknown_page'))
      return
    }
    this.#answer(exchange)
      .then(reply => {
        if (reply !== null) send(exchange, reply)
      })
      .catch(error => {
        this.#failed(error)
        exchange.abort()
      })
  }

  async #answer(exchange: ServerExchange): Promise<Reply | null> {
    try {
      const request = new LoginRequest(exchange, this.#services.told)
      const { userHosts, adminHosts, scheme } = this.#services.settings
      const ours = userHosts.includes(request.host) || adminHosts.includes(request.host)
      if (ours && scheme === 'https' && !request.secure) return overTls(request, this.#services.settings.port)
      if (userHosts.includes(request.host)) return await this.#users.answer(request)
      if (adminHosts.includes(request.host)) return await this.#console.answer(request, exchange)
      const reply = this.#routes.answer(request)
      if (reply !== null) return await reply
      throw new LoginRefusal('login.unknown_page', 'Page not found', 'There is nothing at this address.')
    } catch (error) {
      return this.#desk.worded(this.#refusalOf(error))
    }
  }

  #refusalOf(error: unknown): LoginRefusal {
    if (error instanceof LoginRefusal) return error
    if (error instanceof BadLoginRequest)
      return new LoginRefusal(
        'login.bad_request',
        'Bad request',
        `The request cannot be read: ${error.message}.`,
      )
    this.#failed(error)
    const text =
      error instanceof StoreUnavailable
        ? 'Logins cannot be stored right now. Try again in a minute.'
        : 'The login failed, and it is not your fault. Try again in a minute.'
    return new LoginRefusal('login.failed', 'Something went wrong', text)
  }

  #failed(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#services.log('error', `login: ${text}`)
  }

  /** Answers what a data-plane thread asks about a password. Never rejects. */
  async password(question: PasswordQuestion): Promise<PasswordAnswer> {
    try {
      return question.kind === 'hash' ? await this.#hash(question) : await this.#password(question)
    } catch (error) {
      if (error instanceof TooManyPasswords) return { kind: 'wait', seconds: 2 }
      this.#failed(error)
      return { kind: 'refused' }
    }
  }

  /** A request came with a session whose tokens are near their end. */
  sessionUsed(id: string): void {
    void this.#renewal.used(id)
  }

  /** Tries a module for an administrator. Never rejects. */
  check(module: Readonly<AuthModule>, user: PasswordPair | null, from: string): Promise<Checked> {
    const { passwords } = this.#desk
    const { calls, certificate, log } = this.#services
    const attempts = this.#checks
    return checkModule(module, user, from, { passwords, attempts, calls, certificate, log })
  }

  async #hash(question: PasswordQuestion & { kind: 'hash' }): Promise<PasswordAnswer> {
    const { realm, username, password, hash, from } = question
    const attempt = this.#desk.attempts.begin(`hash ${realm}`, username, from)
    if (attempt.wait > 0) return { kind: 'wait', seconds: attempt.wait }
    try {
      if (!(await this.#desk.passwords.matches(password, hash === '' ? null : hash)))
        return { kind: 'refused' }
    } catch (error) {
      attempt.undone()
      throw error
    }
    attempt.succeeded()
    return { kind: 'matches' }
  }

  async #password(question: PasswordQuestion & { kind: 'module' }): Promise<PasswordAnswer> {
    const { username, password, from } = question
    const module = this.#desk.modules.find(question.module)
    const check = module?.provider.checkPassword
    if (module === null || check === undefined) return { kind: 'no-passwords' }
    const { passwords, attempts } = this.#desk
    const { calls, certificate, log } = this.#services
    const services = { passwords, attempts, calls, certificate, log }
    const verdict = await judge({ module: module.view, services, check }, username, password, from)
    if (typeof verdict === 'number') return { kind: 'wait', seconds: verdict }
    if (verdict === null) return { kind: 'refused' }
    const user = this.#desk.sessions.userOf(verdict, module.view)
    const fault = await userFault({ user, module: module.view, route: null }, calls)
    if (fault === null) return { kind: 'user', user }
    log('warn', `basic credentials refused by auth module ${module.view.id}, from ${from}: ${fault.detail}`)
    return { kind: 'refused' }
  }

  #sweep(): void {
    this.#desk.sessions.sweep().catch(error => this.#failed(error))
  }

  close(): void {
    clearInterval(this.#timer)
    this.#desk.close()
  }
}

/** Passwords go over TLS where that is how users see the gateway. `port`: of TLS, 0 when it is not known. */
function overTls({ url }: LoginRequest, port: number): Reply {
  const to = new URL(url)
  to.protocol = 'https:'
  to.port = port === 0 ? '' : String(port)
  const { status, headers } = redirect(to.href)
  return { status, headers: [...headers, ['Otoroshi-Redirect-To', 'https']] }
}

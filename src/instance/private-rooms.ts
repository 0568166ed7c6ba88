/**
 * What answers on the private listener: the admin API and the logins. Each is loaded when somebody first asks for it: the code of
 * both is a third of all that the control plane could load, and many gateways serve for days without either.
 */
import type { AdminApiServices } from '../admin-api/services.ts'
import type { ExchangeHandler, ServerExchange } from '../http/index.ts'
import type { Login } from '../login/login.ts'
import { comesByLogin } from '../login/way.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { adminSession } from '../model/kinds/admin-session.ts'
import { authModuleUser } from '../model/kinds/auth-module-user.ts'
import { TOKEN_HEADER } from './admin-listener.ts'
import type { LoginParts } from './logins.ts'

export interface PrivateRoomsOptions {
  readonly services: AdminApiServices
  /** The admin API is served. */
  readonly served: boolean
  readonly logins: Omit<LoginParts, 'adminCall'>
}

/** Milliseconds between two looks for sessions that somebody has to clear away. */
const LOOK = 5 * 60_000

export class PrivateRooms {
  readonly #options: PrivateRoomsOptions
  #admin: Promise<ExchangeHandler> | null = null
  #login: Promise<Login> | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(options: PrivateRoomsOptions) {
    this.#options = options
  }

  /** Begins to look for sessions, once the control plane knows its entities. */
  start(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK).unref()
    this.#look()
  }

  /** Answers an exchange of the private listener. */
  handle(exchange: ServerExchange): void {
    const { served, logins } = this.#options
    const isLogin = !served || comesByLogin(exchange, { header: TOKEN_HEADER, value: logins.token })
    const handler = isLogin
      ? this.login().then(login => (given: ServerExchange) => login.handle(given))
      : this.#adminApi()
    handler.then(
      handle => handle(exchange),
      () => exchange.abort(),
    )
  }

  login(): Promise<Login> {
    this.#login ??= this.#openLogins()
    return this.#login
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    const login = await this.#login?.catch(() => null)
    login?.close()
  }

  #adminApi(): Promise<ExchangeHandler> {
    this.#admin ??= import('../admin-api/admin-api.ts').then(({ adminApi }) =>
      adminApi(this.#options.services),
    )
    return this.#admin
  }

  async #openLogins(): Promise<Login> {
    const { services, served, logins } = this.#options
    const [{ openLogins }, { adminApiFor }] = await Promise.all([
      import('./logins.ts'),
      import('../admin-api/admin-api.ts'),
    ])
    return openLogins({ ...logins, adminCall: served ? adminApiFor(services) : null })
  }

  /** Sessions end by themselves, and the logins clear them away. */
  #look(): void {
    const { control } = this.#options.logins
    const sessions = [authModuleUser, adminSession] as readonly EntityDefinition[]
    if (this.#login === null && sessions.some(kind => control.count(kind) > 0)) this.login().catch(() => {})
  }
}

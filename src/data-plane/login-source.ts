/**
 * Sessions and auth modules of the revision in force, for plugins: parsed when first used, kept while they do not change,
 * bounded in number. Ids come from clients, so nothing is kept for an id behind which there is nothing.
 */
import { Attempts } from '../identity/attempts.ts'
import { type AuthModuleView, mayHaveUser, readAuthModule } from '../identity/auth-module.ts'
import { Signer } from '../identity/seal.ts'
import { passingUser, readUser, type UserView } from '../identity/user.ts'
import type { HashQuestion, HashVerdict, Logins, PasswordVerdict } from '../plugin/logins.ts'
import type { PasswordAnswer } from '../identity/password-question.ts'
import type { PasswordDesk } from './password-desk.ts'
import type { LoginSettings } from './thread-settings.ts'
import { TokenUse } from './token-use.ts'

/** Parsed sessions kept; the one read first goes first. */
const MOST_PARSED = 10_000

export interface LoginTexts {
  session(id: string): string | undefined
  module(id: string): string | undefined
}

export class LoginSource implements Logins {
  readonly allowRedirectParameter: boolean
  readonly #texts: LoginTexts
  readonly #settings: LoginSettings
  readonly #signer: Signer
  readonly #passwords: PasswordDesk
  readonly #now: () => number
  readonly #use: TokenUse
  readonly #sessions = new Map<string, UserView>()
  readonly #modules = new Map<string, AuthModuleView>()

  constructor(
    texts: LoginTexts,
    settings: LoginSettings,
    passwords: PasswordDesk,
    tellUse: (session: string) => void = () => {},
    now: () => number = Date.now,
  ) {
    this.#texts = texts
    this.#settings = settings
    this.#signer = new Signer(settings.secret)
    this.#passwords = passwords
    this.#now = now
    this.#use = new TokenUse(id => this.module(id), tellUse, now)
    this.allowRedirectParameter = settings.allowRedirectParameter
  }

  session(id: string): UserView | null {
    let view = this.#sessions.get(id)
    if (view === undefined) {
      const text = this.#texts.session(id)
      const read = text === undefined ? null : readUser(text, id)
      if (read === null) return null
      if (this.#sessions.size >= MOST_PARSED) this.#sessions.delete(this.#sessions.keys().next().value!)
      this.#sessions.set(id, read)
      view = read
    }
    if (!view.usableAt(this.#now()) || this.#isRemoved(view)) return null
    this.#use.seen(view)
    return view
  }

  /** The sessions of a user end with him. */
  #isRemoved({ entity: { authConfigId, email } }: UserView): boolean {
    const module = this.module(authConfigId ?? '')
    return module !== null && !mayHaveUser(module, email)
  }

  module(id: string): AuthModuleView | null {
    const known = this.#modules.get(id)
    if (known !== undefined) return known
    const text = this.#texts.module(id)
    const view = text === undefined ? null : readAuthModule(text)
    if (view === null || view.id !== id) return null
    this.#modules.set(id, view)
    return view
  }

  forgetSession(id: string): void {
    this.#sessions.delete(id)
  }

  forgetModule(id: string): void {
    this.#modules.delete(id)
  }

  sign(text: string): string {
    return this.#signer.sign(text)
  }

  idIn(text: string): string | null {
    return this.#signer.idIn(text)
  }

  origin(host: string): string {
    const { scheme, hosts, port } = this.#settings
    const seen = port === 0 ? Number(/:(\d{1,5})$/.exec(host)?.[1] ?? 0) : port
    const usual = seen === 0 || seen === (scheme === 'https' ? 443 : 80)
    return `${scheme}://${hosts[0]!}${usual ? '' : `:${seen}`}`
  }

  async checkPassword(
    moduleId: string,
    username: string,
    password: string,
    from: string,
  ): Promise<PasswordVerdict> {
    const module = this.module(moduleId)
    if (module === null) return { kind: 'no-passwords' }
    const question = { kind: 'module', module: moduleId, username, password, from } as const
    const answer = await this.#passwords.ask(question, module)
    if (answer.kind === 'matches') return { kind: 'refused' }
    return answer.kind === 'user' ? { kind: 'user', user: this.#userOf(answer) } : answer
  }

  readonly attempts = new Attempts()

  async passwordMatches(question: HashQuestion): Promise<HashVerdict> {
    const answer = await this.#passwords.ask({ kind: 'hash', ...question }, null)
    return answer.kind === 'matches' || answer.kind === 'wait' ? answer : { kind: 'refused' }
  }

  readonly #views = new WeakMap<PasswordAnswer, UserView>()

  #userOf(answer: PasswordAnswer & { readonly kind: 'user' }): UserView {
    let view = this.#views.get(answer)
    if (view === undefined) this.#views.set(answer, (view = passingUser(answer.user)))
    return view
  }
}

/** Targets of a route that come and go: another destination is compiled when they change, and the old one is let go. */
import type { Destination, Exchange, PluginServices } from '../../plugin/index.ts'
import { seldomLog } from '../seldom-log.ts'

/** Milliseconds between two looks for what is over. */
const LOOK = 1_000

export class FollowedTargets {
  readonly #services: Pick<PluginServices, 'board' | 'destination' | 'route'>
  readonly #complain: (message: string) => void
  #known = ''
  #version = -1
  #lookedAt = 0
  #askedAt = Number.NEGATIVE_INFINITY
  #asking = false
  #over = false
  #destination: Destination | null = null

  constructor(services: PluginServices) {
    this.#services = services
    this.#complain = seldomLog(services)
  }

  /** These are the targets from now on, as a backend has them. Those that are none are left out. */
  set(targets: readonly unknown[]): void {
    const text = JSON.stringify(targets)
    if (text === this.#known) return
    const before = this.#destination
    this.#known = text
    this.#destination = this.#compile(targets)
    before?.release()
  }

  /** Looks for targets when the board has changed, and now and then, since entries have an end. */
  follow(find: () => readonly unknown[]): void {
    const { version } = this.#services.board
    const now = performance.now()
    if (version === this.#version && now - this.#lookedAt < LOOK) return
    this.#version = version
    this.#lookedAt = now
    this.set(find())
  }

  /**
   * Asks somebody else for the targets, in the background, once the last question is `every` milliseconds old and over. While
   * that fails the targets stay, and the log says why; `what` names them there.
   */
  ask(find: () => Promise<readonly unknown[]>, every: number, what: string): void {
    const now = performance.now()
    if (this.#asking || now - this.#askedAt <= every) return
    this.#askedAt = now
    this.#asking = true
    find()
      .then(targets => this.#over || this.set(targets))
      .catch(error => this.#over || this.#complain(`${what}: ${(error as Error).message}`))
      .finally(() => (this.#asking = false))
  }

  /** Sends the request to them; without any it goes to the backend of the route. */
  send(exchange: Exchange): void {
    if (this.#destination !== null) exchange.sendTo(this.#destination)
  }

  release(): void {
    this.#over = true
    this.#destination?.release()
    this.#destination = null
  }

  #compile(targets: readonly unknown[]): Destination | null {
    if (targets.length === 0) return null
    const good = this.#try(targets)
    if (good !== null) return good
    // One that is broken must not take the others along.
    const usable = targets.filter(target => {
      const alone = this.#try([target])
      alone?.release()
      return alone !== null
    })
    return usable.length === 0 ? null : this.#try(usable)
  }

  #try(targets: readonly unknown[]): Destination | null {
    const { backendRoot: root, backendRewrite: rewrite } = this.#services.route
    try {
      return this.#services.destination({ targets, root, rewrite })
    } catch (error) {
      this.#complain(`a registered target is none: ${(error as Error).message}`)
      return null
    }
  }
}

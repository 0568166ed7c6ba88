/**
 * Requests of which a share goes to other servers, each client always the same way: what the canary plugins have in common.
 *
 * Guarantees: a client cannot choose its way, since ids are signed; the choice depends on the id alone, so that it is the same
 * on every instance.
 */
import {
  canaryIdAttribute,
  type PluginInstance,
  type PluginServices,
  schema as v,
  stringHash,
} from '../../plugin/index.ts'
import { canaryCookie, canaryIdOf } from '../canary-id.ts'
import { setting, text } from '../settings.ts'

export const canaryTargets = {
  targets: setting(
    v.array(v.looseObject({})),
    (): Record<string, unknown>[] => [],
    'Servers of the new version, as targets of a backend; without one nothing happens',
  ),
  root: setting(text, '/', 'Path in front of those of requests to them'),
}

interface Canary {
  readonly cookie: string
  readonly targets: readonly unknown[]
  readonly root: string
  /** Share of the clients that go there, 0 to 1; null: nothing happens now. */
  share(now: number): number | null
}

/** The phases of a canary plugin. Throws when the targets are none. */
export function canary(
  { cookie, targets, root, share }: Canary,
  { destination, instance: { signer } }: PluginServices,
): PluginInstance {
  if (targets.length === 0) return {}
  const servers = destination({ targets, root })
  return {
    preRoute(exchange) {
      const part = share(exchange.startedAt)
      if (part === null) return
      const id = canaryIdOf(exchange, cookie, signer)
      exchange.attributes.set(canaryIdAttribute, id)
      if (goesAlong(id, part)) exchange.sendTo(servers)
    },
    response(exchange) {
      const id = exchange.attributes.get(canaryIdAttribute)
      if (id !== undefined)
        exchange.response.headers.append('Set-Cookie', canaryCookie(cookie, id, exchange, signer))
    },
    dispose: () => servers.release(),
  }
}

/** Whether the client of this id belongs to the share; who belongs to a smaller one belongs to a greater one. */
export function goesAlong(id: string, share: number): boolean {
  return Math.abs(stringHash(id)) % 100 < share * 100
}

/** Registrations of services on the board: who serves a route for a while. */
import { randomUUID } from 'node:crypto'
import { answerJson, type Board, type FullAnswer, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { registeredTarget } from './registered-target.ts'

type Json = Readonly<Record<string, unknown>>

/** Bytes of the longest registration. */
export const LONGEST = 16_384
const ROOT = 'service-discovery:registrations:'
/** Milliseconds a registration lives unless the settings say otherwise. */
const USUAL_LIFE = 60_000

const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(1))

/** Settings of the plugins; both spellings count. */
export const discoverySettings = {
  hosts: v.pipe(
    v.nullish(v.array(v.string()), null),
    v.description('Domains of the endpoints, for the sink'),
  ),
  targetTemplate: v.pipe(
    v.nullish(v.looseObject({}), null),
    v.description('What registered targets have besides'),
  ),
  target_template: v.pipe(v.nullish(v.looseObject({})), v.description('The same in another spelling')),
  registrationTtl: v.pipe(
    v.nullish(milliseconds, null),
    v.description('Life of a registration, milliseconds; 60000 unless set'),
  ),
  registration_ttl: v.pipe(v.nullish(milliseconds), v.description('The same in another spelling')),
}

interface Settings {
  readonly targetTemplate: Json | null
  readonly target_template?: Json | null | undefined
  readonly registrationTtl: number | null
  readonly registration_ttl?: number | null | undefined
}

export const templateOf = (settings: Settings): Json =>
  settings.targetTemplate ?? settings.target_template ?? {}
export const lifeOf = (settings: Settings): number =>
  settings.registrationTtl ?? settings.registration_ttl ?? USUAL_LIFE

/** Targets that are registered for a service. */
export function targetsOf(board: Board, service: string, template: Json): readonly Json[] {
  const targets: Json[] = []
  for (const [, value] of board.list(`${ROOT}${service}:`)) {
    const target = registeredTarget(JSON.parse(value) as Json, template)
    if (target !== null) targets.push(target)
  }
  return targets
}

/** What is asked of the endpoints; null for another path. */
export function askedFor(
  method: string,
  path: string,
): { readonly act: 'register' | 'unregister' | 'heartbeat'; readonly id: string } | null {
  if (path === '/discovery/_register') return method === 'POST' ? { act: 'register', id: '' } : null
  const found = /^\/discovery\/([0-9a-f-]{36})\/_(unregister|heartbeat)$/.exec(path)
  if (found === null) return null
  const [, id, act] = found as unknown as [string, string, 'unregister' | 'heartbeat']
  return method === (act === 'unregister' ? 'DELETE' : 'POST') ? { act, id } : null
}

/** Registers. `service`: the one it is about, null when the body names it. */
export async function register(
  board: Board,
  body: Buffer,
  service: string | null,
  settings: Settings,
): Promise<FullAnswer> {
  const given = jsonOf(body)
  const named = service ?? given?.['serviceId']
  if (given === null || typeof named !== 'string' || !/^[\w.@-]{1,200}$/.test(named))
    return bareError(400, 'discovery.bad_request', { error: 'expected a JSON object with a serviceId' })
  if (registeredTarget(given, templateOf(settings)) === null)
    return bareError(400, 'discovery.bad_request', { error: 'the target has no host' })
  const id = randomUUID()
  const fault = await stored(
    board,
    `${ROOT}${named}:${id}`,
    JSON.stringify({ ...given, serviceId: named, registrationId: id }),
    lifeOf(settings),
  )
  return fault ?? answerJson(200, { registrationId: id, serviceId: named })
}

/** Ends a registration or makes it live on. One that is gone is no error: services ask again anyway. */
export async function renew(
  board: Board,
  act: 'unregister' | 'heartbeat',
  id: string,
  service: string | null,
  settings: Settings,
): Promise<FullAnswer> {
  const prefix = service === null ? ROOT : `${ROOT}${service}:`
  const found = board.list(prefix).find(([key]) => key.endsWith(`:${id}`))
  if (found === undefined) return answerJson(200, { done: true })
  const [key, value] = found
  const fault =
    act === 'heartbeat'
      ? await stored(board, key, value, lifeOf(settings))
      : await board.remove(key).then(() => null, full)
  return fault ?? answerJson(200, { done: true })
}

function stored(board: Board, key: string, value: string, life: number): Promise<FullAnswer | null> {
  return board.put(key, value, life).then(() => null, full)
}

function full(): FullAnswer {
  return bareError(503, 'discovery.full', { error: 'the registration cannot be stored' })
}

function jsonOf(body: Buffer): Json | null {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null
  } catch {
    return null
  }
}

/** `/api/snowmonkey`: chaos engineering by the settings of the global configuration (reference, 5.7). */
import { globalConfig } from '../model/kinds/global-config.ts'
import { isObject } from '../model/types/shape.ts'
import { badRequest, notFound } from './api-error.ts'
import { tellSnowMonkey } from './audit.ts'
import type { SnowMonkeyAct } from './audit-names.ts'
import type { Call } from './call.ts'
import { requireSuper } from './caller.ts'
import { readContent, readPatch } from './decode.ts'
import { patch } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'

/** The snow monkey of this instance. */
export interface SnowMonkeyDesk {
  readonly outages: ReadonlyArray<{
    readonly routeId: string
    readonly routeName: string
    readonly startedAt: number
    readonly until: number
    readonly duration: number
  }>
  /** Ends the outages that hold now. */
  reset(): void
}

type Settings = Readonly<Record<string, unknown>>

const id = globalConfig.singleton ?? 'global'
const options = { stamped: false, conditional: false } as const

/** `POST /api/snowmonkey/_start`. */
export async function startSnowMonkey(call: Call): Promise<Reply> {
  await change(call, settings => ({ ...settings, enabled: true }), 'start')
  return jsonReply(200, { done: true })
}

/** `POST /api/snowmonkey/_stop`. */
export async function stopSnowMonkey(call: Call): Promise<Reply> {
  await change(call, settings => ({ ...settings, enabled: false }), 'stop')
  if (!call.dryRun) deskOf(call).reset()
  return jsonReply(200, { done: true })
}

/** `GET /api/snowmonkey/config`. */
export async function snowMonkeyConfig(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  return jsonReply(200, settingsOf(call.services.control.get(globalConfig, id)?.view()))
}

/** `PUT /api/snowmonkey/config`. */
export async function replaceSnowMonkeyConfig(call: Call): Promise<Reply> {
  const content = await readContent(call)
  if (content.form !== 'value' || !isObject(content.value)) throw badRequest('the body is a JSON object')
  const { value } = content
  return jsonReply(200, await change(call, () => value, 'update'))
}

/** `PATCH /api/snowmonkey/config`. */
export async function patchSnowMonkeyConfig(call: Call): Promise<Reply> {
  return jsonReply(200, await change(call, await readPatch(call), 'patch'))
}

/** `GET /api/snowmonkey/outages`. */
export async function listOutages(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  const outages = deskOf(call).outages.map(({ routeId, routeName, until, duration, startedAt }) => ({
    descriptorId: routeId,
    descriptorName: routeName,
    until,
    duration,
    startedAt,
  }))
  return jsonReply(200, outages)
}

/** `DELETE /api/snowmonkey/outages`. */
export async function resetOutages(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  if (!call.dryRun) {
    deskOf(call).reset()
    tellSnowMonkey(call, 'reset', null)
  }
  return jsonReply(200, { done: true })
}

/** Changes the settings where they are kept: in the global configuration, with its rights, checks and history. */
async function change(
  call: Call,
  apply: (settings: Settings) => unknown,
  act: SnowMonkeyAct,
): Promise<Settings> {
  const applied = (base: unknown): unknown => ({
    ...(base as Settings),
    snowMonkeyConfig: apply(settingsOf(base)),
  })
  const { before, after } = await patch(call, globalConfig, id, applied, options)
  if (after === null) throw notFound()
  const [old, now] = [settingsOf(before?.view()), settingsOf(after.view())]
  if (!call.dryRun) tellSnowMonkey(call, act, { old, new: now })
  return now
}

function settingsOf(config: unknown): Settings {
  const settings = isObject(config) ? config['snowMonkeyConfig'] : undefined
  return isObject(settings) ? settings : {}
}

function deskOf({ services }: Call): SnowMonkeyDesk {
  if (services.snowMonkey === undefined) throw notFound()
  return services.snowMonkey
}

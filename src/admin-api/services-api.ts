/** What is below a service descriptor: its targets and its error template; and lists of services (reference, 5.4). */
import type { IndexedEntity } from '../control/indexed-entity.ts'
import { definitionOf } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import { badRequest, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { type Content, readContent, readPatch } from './decode.ts'
import { mayRead } from './entity-rights.ts'
import { findStored, patch, remove, replace } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'

const options = { stamped: false, conditional: false } as const

const services = () => definitionOf('ServiceDescriptor')!
const templates = () => definitionOf('ErrorTemplate')!

/** `GET /api/lines/:line/services`: the services of an environment. */
export async function servicesOfLine(call: Call, line: string): Promise<Reply> {
  return listed(call, service => service['env'] === line)
}

/** `GET /api/groups/:id/services`: the services of a group. */
export async function servicesOfGroup(call: Call, id: string): Promise<Reply> {
  const groups = definitionOf('ServiceGroup')!
  const group = findStored(call, groups, id)
  if (group === null || !mayRead(call.caller, groups, group)) throw notFound('entity not found')
  return listed(call, ({ groups: named, groupId }) =>
    Array.isArray(named) && named.includes(id) ? true : groupId === id,
  )
}

function listed(call: Call, accepts: (service: Record<string, unknown>) => boolean): Reply {
  const readable = call.services.control
    .list(services())
    .filter(entity => mayRead(call.caller, services(), entity))
  return jsonReply(200, readable.map(entity => entity.view()).filter(accepts))
}

/** `GET /api/services/:id/targets`. */
export async function listTargets(call: Call, id: string): Promise<Reply> {
  return jsonReply(200, urlsOf(readable(call, id).view()))
}

/** `POST /api/services/:id/targets`. */
export async function addTarget(call: Call, id: string): Promise<Reply> {
  readable(call, id)
  const target = targetOf(await readContent(call))
  return retarget(call, id, urls => [...urls, target])
}

/** `DELETE /api/services/:id/targets`. */
export async function removeTarget(call: Call, id: string): Promise<Reply> {
  readable(call, id)
  const target = targetOf(await readContent(call))
  return retarget(call, id, urls => urls.filter(url => url !== target))
}

/** `PATCH /api/services/:id/targets`. */
export async function patchTargets(call: Call, id: string): Promise<Reply> {
  readable(call, id)
  const apply = await readPatch(call)
  return retarget(call, id, urls => {
    const changed = apply([...urls])
    if (!Array.isArray(changed) || changed.some(url => typeof url !== 'string'))
      throw badRequest(['Expected a list of targets'])
    return changed
  })
}

function readable(call: Call, id: string): IndexedEntity {
  const service = findStored(call, services(), id)
  if (service === null || !mayRead(call.caller, services(), service)) throw notFound('entity not found')
  return service
}

/** `change` makes the new list of targets, as texts such as `https://host:443`, from the old one. */
async function retarget(
  call: Call,
  id: string,
  change: (urls: readonly string[]) => readonly string[],
): Promise<Reply> {
  const apply = (base: unknown) => {
    const view = isObject(base) ? base : {}
    return { ...view, targets: retargeted(view, change(urlsOf(view))) }
  }
  const { after } = await patch(call, services(), id, apply, options)
  return jsonReply(200, urlsOf(after?.view() ?? {}))
}

function targetOf(content: Content): string {
  const target = content.form === 'value' && isObject(content.value) ? content.value['target'] : undefined
  if (typeof target !== 'string' || !/^https?:\/\/[^/]/.test(target))
    throw badRequest(['target: Expected text such as https://host:443'])
  return target
}

function urlsOf(service: Record<string, unknown>): string[] {
  return targetsOf(service).map(({ scheme, host }) => `${scheme}://${host}`)
}

function targetsOf(service: Record<string, unknown>): Record<string, unknown>[] {
  return Array.isArray(service['targets']) ? service['targets'].filter(isObject) : []
}

// A target that stays keeps its weight, TLS settings and the like.
function retargeted(service: Record<string, unknown>, urls: readonly string[]): Record<string, unknown>[] {
  const known = new Map(targetsOf(service).map(target => [`${target['scheme']}://${target['host']}`, target]))
  return urls.map(url => {
    const mark = url.indexOf('://')
    return known.get(url) ?? { scheme: url.slice(0, mark), host: url.slice(mark + 3) }
  })
}

/** `GET /api/services/:id/template`. */
export async function getServiceTemplate(call: Call, id: string): Promise<Reply> {
  const found = findStored(call, templates(), id)
  if (found === null || !mayRead(call.caller, templates(), found)) throw notFound('entity not found')
  return jsonReply(200, found.view())
}

/** `POST` (201) and `PUT` (200) `/api/services/:id/template`. */
export async function putServiceTemplate(call: Call, id: string): Promise<Reply> {
  const content = await readContent(call)
  const { after } = await replace(call, templates(), id, content, { ...options, mustExist: false })
  return jsonReply(call.method === 'POST' ? 201 : 200, after?.view())
}

/** `DELETE /api/services/:id/template`. */
export async function removeServiceTemplate(call: Call, id: string): Promise<Reply> {
  await remove(call, templates(), id, options)
  return jsonReply(200, { done: true })
}

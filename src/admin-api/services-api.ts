/** What is below a service descriptor: its targets and its error template; and lists of services (reference, 5.4). */
import { definitionOf } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import { badRequest, methodNotAllowed, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { type Content, readContent, readPatch } from './decode.ts'
import { mayRead } from './entity-rights.ts'
import { findStored, patch, remove, replace } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'

const options = { stamped: false, conditional: false } as const

const services = () => definitionOf('ServiceDescriptor')!
const templates = () => definitionOf('ErrorTemplate')!

/** Answers `/api/services/:id/<part>`, or null when there is no such part. */
export function serviceApi(call: Call, id: string, part: string): Promise<Reply> | null {
  if (part === 'targets') return targets(call, id)
  return part === 'template' ? template(call, id) : null
}

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
  if (call.method !== 'GET') throw methodNotAllowed()
  const readable = call.services.control
    .list(services())
    .filter(entity => mayRead(call.caller, services(), entity))
  return jsonReply(200, readable.map(entity => entity.view()).filter(accepts))
}

async function targets(call: Call, id: string): Promise<Reply> {
  const service = findStored(call, services(), id)
  if (service === null || !mayRead(call.caller, services(), service)) throw notFound('entity not found')
  if (call.method === 'GET') return jsonReply(200, urlsOf(service.view()))
  const change = await targetChange(call)
  const apply = (base: unknown) => {
    const view = isObject(base) ? base : {}
    return { ...view, targets: retargeted(view, change(urlsOf(view))) }
  }
  const { after } = await patch(call, services(), id, apply, options)
  return jsonReply(200, urlsOf(after?.view() ?? {}))
}

// The list of targets as texts such as `https://host:443`, before and after.
async function targetChange(call: Call): Promise<(urls: readonly string[]) => readonly string[]> {
  switch (call.method) {
    case 'POST': {
      const target = targetOf(await readContent(call))
      return urls => [...urls, target]
    }
    case 'DELETE': {
      const target = targetOf(await readContent(call))
      return urls => urls.filter(url => url !== target)
    }
    case 'PATCH': {
      const apply = await readPatch(call)
      return urls => {
        const changed = apply([...urls])
        if (!Array.isArray(changed) || changed.some(url => typeof url !== 'string'))
          throw badRequest(['Expected a list of targets'])
        return changed
      }
    }
    default:
      throw methodNotAllowed()
  }
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

async function template(call: Call, id: string): Promise<Reply> {
  switch (call.method) {
    case 'GET': {
      const found = findStored(call, templates(), id)
      if (found === null || !mayRead(call.caller, templates(), found)) throw notFound('entity not found')
      return jsonReply(200, found.view())
    }
    case 'PUT':
    case 'POST': {
      const content = await readContent(call)
      const { after } = await replace(call, templates(), id, content, { ...options, mustExist: false })
      return jsonReply(call.method === 'POST' ? 201 : 200, after?.view())
    }
    case 'DELETE':
      await remove(call, templates(), id, options)
      return jsonReply(200, { done: true })
    default:
      throw methodNotAllowed()
  }
}

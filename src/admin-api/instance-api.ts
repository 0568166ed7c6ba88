/** Endpoints about the instance itself: version, status, explain, plugins, event ledger. */
import { authModuleTypes } from '../model/kinds/auth-module.ts'
import { isObject } from '../model/types/shape.ts'
import { findByName } from '../model/registry.ts'
import { badRequest } from './api-error.ts'
import type { Call } from './call.ts'
import { requireSuper } from './caller.ts'
import { parseJson } from './decode.ts'
import { jsonReply, type Reply } from './reply.ts'
import { readWhole } from './request-body.ts'
import type { ExplainRequest } from './services.ts'
import { templateOf } from './templates.ts'
import { exportEverything, importEverything } from './transfer-api.ts'

type Endpoint = (call: Call) => Promise<Reply>

/** Method and path → what answers. */
export const instanceEndpoints: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['GET /api/version', async call => jsonReply(200, versionParts(call.services.version))],
  ['GET /api/infos', infos],
  ['GET /apis/cluster/node/infos', infos],
  ['GET /apis/cluster/node/version', async call => jsonReply(200, versionParts(call.services.version))],
  ['GET /api/lines', lines],
  ['GET /api/status', status],
  ['POST /api/explain', explain],
  ['GET /api/events/_ledger', ledger],
  ['GET /api/otoroshi.json', exportEverything],
  ['POST /api/otoroshi.json', importEverything],
  ['POST /api/import', importEverything],
  ['GET /api/plugins/all', async call => jsonReply(200, await call.services.plugins())],
  ['GET /apis/plugins.json', async call => jsonReply(200, await call.services.plugins())],
  ['GET /api/plugins/categories', async call => jsonReply(200, await namesOf(call, 'plugin_categories'))],
  ['GET /api/plugins/steps', async call => jsonReply(200, await namesOf(call, 'plugin_steps'))],
  ['GET /api/new/apikey', async call => newEntity(call, 'Apikey')],
  ['GET /api/new/group', async call => newEntity(call, 'ServiceGroup')],
  ['GET /api/new/service', async call => newEntity(call, 'ServiceDescriptor')],
  ['GET /api/new/tcp/service', async call => newEntity(call, 'TcpService')],
  ['GET /api/tcp/_template', async call => newEntity(call, 'TcpService')],
  ['GET /api/auths/templates', async () => jsonReply(200, { templates: authModuleTemplates() })],
])

/** The parts of a version text, as upstream names them. */
export function versionParts(raw: string): Record<string, unknown> {
  const found = /^(\d+)\.(\d+)\.(\d+)(?:-([a-z]+)[.-]?(\d*))?/i.exec(raw)
  const number = (text: string | undefined) => Number(text ?? 0)
  return {
    raw,
    major: number(found?.[1]),
    minor: number(found?.[2]),
    patch: number(found?.[3]),
    build: 0,
    suffix: found?.[4] ?? null,
    suffix_version: found?.[5] ? Number(found[5]) : null,
  }
}

async function infos(call: Call): Promise<Reply> {
  const { services } = call
  return jsonReply(200, {
    otoroshi_cluster_id: settingsOf(call)['otoroshiId'] ?? '',
    otoroshi_version: services.version,
    otoroshi_version_sem: versionParts(services.version),
    runtime: { name: 'node', version: process.version },
    os: { name: process.platform, arch: process.arch },
    env: services.env ?? 'prod',
    ...services.infos?.(),
  })
}

async function ledger(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  return jsonReply(200, (await call.services.ledger()) ?? {})
}

async function lines(call: Call): Promise<Reply> {
  const lines = settingsOf(call)['lines']
  return jsonReply(200, Array.isArray(lines) ? lines : ['prod'])
}

function settingsOf(call: Call): Record<string, unknown> {
  const definition = findByName('GlobalConfig')
  const id = definition?.singleton
  if (definition === null || id === undefined) return {}
  return call.services.control.get(definition, id)?.view() ?? {}
}

async function status(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  const { control } = call.services
  return jsonReply(200, {
    revision: control.revision,
    threads: (await call.services.threads()) ?? [],
    faults: control.faults(),
  })
}

async function explain(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  const body = parseJson(await readWhole(call.exchange, call.limits.maxBody), call)
  return jsonReply(200, (await call.services.explain(explainRequest(body))) ?? null)
}

function explainRequest(body: unknown): ExplainRequest {
  if (!isObject(body)) throw badRequest(['Expected an object'])
  const { method = 'GET', url, headers = {}, listener = null } = body
  if (typeof method !== 'string' || !/^[A-Za-z]{1,16}$/.test(method))
    throw badRequest(['method: Expected a method'])
  if (typeof url !== 'string' || !/^(https?:\/\/[^/]|\/)/.test(url) || url.length > 16_384)
    throw badRequest(['url: Expected an http(s) URL or a path'])
  if (listener !== null && typeof listener !== 'string') throw badRequest(['listener: Expected text'])
  return { method: method.toUpperCase(), url, headers: headerPairs(headers), listener }
}

// An object of name → text or texts, or a list of pairs.
function headerPairs(headers: unknown): [string, string][] {
  const pairs: [unknown, unknown][] = []
  if (Array.isArray(headers))
    for (const pair of headers)
      pairs.push(Array.isArray(pair) && pair.length === 2 ? [pair[0], pair[1]] : [null, null])
  else if (isObject(headers))
    for (const [name, value] of Object.entries(headers))
      for (const one of Array.isArray(value) ? value : [value]) pairs.push([name, one])
  else throw badRequest(['headers: Expected an object of name and text'])
  return pairs.map(([name, value]) => {
    if (typeof name !== 'string' || typeof value !== 'string' || !/^[\w!#$%&'*+.^`|~-]{1,128}$/.test(name))
      throw badRequest(['headers: Expected an object of name and text'])
    return [name, value]
  })
}

async function namesOf(call: Call, field: 'plugin_categories' | 'plugin_steps'): Promise<string[]> {
  const plugins = await call.services.plugins()
  return [...new Set(plugins.flatMap(plugin => plugin[field]))].sort()
}

function authModuleTemplates(): { type: string; label: string }[] {
  return Object.entries(authModuleTypes).map(([type, label]) => ({ type, label }))
}

function newEntity(call: Call, kind: string): Reply {
  return jsonReply(200, templateOf(call, findByName(kind)!))
}

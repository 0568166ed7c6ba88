/** Endpoints about the instance itself: version, status, explain, plugins, event ledger. */
import { release, type } from 'node:os'
import type { EntityDefinition } from '../model/entity.ts'
import { authModuleTypes } from '../model/kinds/auth-module.ts'
import { isObject } from '../model/types/shape.ts'
import { findByName } from '../model/registry.ts'
import { badRequest, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { requireSuper } from './caller.ts'
import { parseJson } from './decode.ts'
import { jsonReply, type Reply } from './reply.ts'
import { readWhole } from './request-body.ts'
import type { ExplainRequest } from './services.ts'
import { templateOf } from './templates.ts'

/** `GET /api/version`. */
export async function version({ services }: Call): Promise<Reply> {
  return jsonReply(200, versionParts(services.version))
}

/** `GET /api/plugins/all`. */
export async function plugins({ services }: Call): Promise<Reply> {
  return jsonReply(200, await services.plugins())
}

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

/** `GET /api/infos`. There is no address of a console before there is one. */
export async function infos(call: Call): Promise<Reply> {
  const { services } = call
  return jsonReply(200, {
    otoroshi_cluster_id: settingsOf(call)['otoroshiId'] ?? '',
    otoroshi_version: services.version,
    otoroshi_version_sem: versionParts(services.version),
    runtime: { name: 'node', version: process.version },
    // The name is upstream's, and its clients ask for it.
    java_version: { version: process.version, vendor: 'Node.js' },
    os: { name: type(), version: release(), arch: process.arch },
    datastore: services.datastore ?? 'none',
    env: services.env ?? 'prod',
    backoffice_url: null,
  })
}

/** `GET /api/events/_ledger`. */
export async function ledger(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  return jsonReply(200, (await call.services.ledger()) ?? {})
}

/** `GET /api/lines`. */
export async function lines(call: Call): Promise<Reply> {
  const lines = settingsOf(call)['lines']
  return jsonReply(200, Array.isArray(lines) ? lines : ['prod'])
}

function settingsOf(call: Call): Record<string, unknown> {
  const definition = findByName('GlobalConfig')
  const id = definition?.singleton
  if (definition === null || id === undefined) return {}
  return call.services.control.get(definition, id)?.view() ?? {}
}

/** `GET /api/status`. */
export async function status(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  const { control } = call.services
  return jsonReply(200, {
    revision: control.revision,
    threads: (await call.services.threads()) ?? [],
    faults: control.faults(),
  })
}

/** `GET /apis/health` and `GET /apis/metrics`. */
export async function monitoring(call: Call, topic: 'health' | 'metrics'): Promise<Reply> {
  const { exchange, query, services } = call
  if (services.monitoring === undefined) throw notFound()
  const { status, contentType, body } = services.monitoring(topic, query, exchange.headers.get('accept'))
  return { status, type: contentType, body }
}

/** `POST /api/explain`. */
export async function explain(call: Call): Promise<Reply> {
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

/** `GET /api/plugins/categories` and `/steps`: every name that a plugin has in a field. */
export async function pluginNames(call: Call, field: 'plugin_categories' | 'plugin_steps'): Promise<Reply> {
  const plugins = await call.services.plugins()
  return jsonReply(200, [...new Set(plugins.flatMap(plugin => plugin[field]))].sort())
}

/** `GET /api/auths/templates`. */
export async function authTemplates(): Promise<Reply> {
  const templates = Object.entries(authModuleTypes).map(([type, label]) => ({ type, label }))
  return jsonReply(200, { templates })
}

/** A template under its older name, such as `GET /api/new/apikey`. */
export async function olderTemplate(call: Call, definition: EntityDefinition): Promise<Reply> {
  return jsonReply(200, templateOf(call, definition))
}

/** Values of the components of a message (RFC 9421, 2.1 and 2.2). */
import {
  isInnerList,
  parseDictionary,
  parseItem,
  parseList,
  type Parameters,
  serializeDictionary,
  serializeInnerList,
  serializeItem,
  serializeList,
} from 'structured-headers'
import type { HeaderBlock } from '../http/headers.ts'
import { SignatureFault } from './fault.ts'

/** A request as its signer sees it. */
export interface SignedRequest {
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** `host[:port]` as the client names it. */
  readonly authority: string
  /** Path and query. */
  readonly target: string
  readonly headers: HeaderBlock
}

/** A request, or an answer with the request it belongs to. */
export type SignedMessage =
  | { readonly kind: 'request'; readonly request: SignedRequest }
  | {
      readonly kind: 'response'
      readonly status: number
      readonly headers: HeaderBlock
      readonly request: SignedRequest
    }

export interface Component {
  /** A field name in lower case, or a derived component (`@method`). */
  readonly name: string
  readonly parameters: Parameters
}

/** Parameters each kind of component may have, besides `req`. */
const OF_FIELDS = new Set(['sf', 'bs', 'key'])

/** Value of a component. Throws `SignatureFault` when the message has none, or it is not unambiguous. */
export function componentValue(component: Component, message: SignedMessage): string {
  const { name, parameters } = component
  const ofRequest = parameters.get('req') ?? false
  if (ofRequest !== false && (ofRequest !== true || message.kind === 'request'))
    throw new SignatureFault('the parameter req is for components of answers')
  const derived = name.startsWith('@')
  for (const key of parameters.keys())
    if (key !== 'req' && !(derived ? name === '@query-param' && key === 'name' : OF_FIELDS.has(key)))
      throw new SignatureFault(`the component ${name} has no parameter ${key}`)
  if (derived) {
    if (message.kind === 'response' && !ofRequest) return answerPart(name, message.status)
    return requestPart(name, parameters, message.request)
  }
  const { headers } = message.kind === 'request' || ofRequest === true ? message.request : message
  return fieldValue(name, parameters, headers)
}

function answerPart(name: string, status: number): string {
  if (name !== '@status') throw new SignatureFault(`an answer has no component ${name}`)
  return String(status)
}

function requestPart(name: string, parameters: Parameters, request: SignedRequest): string {
  const { scheme, target } = request
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.slice(0, question)
  switch (name) {
    case '@method':
      return request.method
    case '@target-uri':
      return `${scheme}://${authorityOf(request)}${target}`
    case '@authority':
      return authorityOf(request)
    case '@scheme':
      return scheme
    case '@request-target':
      return target
    case '@path':
      return path === '' ? '/' : path
    case '@query':
      return question < 0 ? '?' : target.slice(question)
    case '@query-param':
      return queryParameter(parameters.get('name'), question < 0 ? '' : target.slice(question + 1))
    default:
      throw new SignatureFault(`a request has no component ${name}`)
  }
}

/** RFC 9421, 2.2.3: in lower case, without a default port. */
function authorityOf({ scheme, authority }: SignedRequest): string {
  return authority.toLowerCase().replace(scheme === 'https' ? /:443$/ : /:80$/, '')
}

/** RFC 9421, 2.2.8. */
function queryParameter(wanted: unknown, query: string): string {
  if (typeof wanted !== 'string') throw new SignatureFault('@query-param names no parameter')
  const found = [...new URLSearchParams(query)].filter(([name]) => encoded(name) === wanted)
  if (found.length !== 1)
    throw new SignatureFault(`the query parameter is there ${found.length} times, not once`)
  return encoded(found[0]![1])
}

/** As a form is encoded, but a space is `%20`. */
function encoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1).replaceAll('+', '%20')
}

function fieldValue(name: string, parameters: Parameters, headers: HeaderBlock): string {
  const values = headers.getAll(name).map(value => value.trim())
  if (values.length === 0) throw new SignatureFault(`there is no field ${name}`)
  const strict = parameters.get('sf')
  const bytes = parameters.get('bs')
  const key = parameters.get('key')
  if ([strict, bytes].some(flag => flag !== undefined && flag !== true))
    throw new SignatureFault('the parameters sf and bs have no value')
  if (bytes === true) {
    if (strict === true || key !== undefined) throw new SignatureFault('bs goes with neither sf nor key')
    return values.map(value => `:${Buffer.from(value, 'latin1').toString('base64')}:`).join(', ')
  }
  const joined = values.join(', ')
  if (key !== undefined) return memberOf(name, key, joined)
  return strict === true ? strictly(name, joined) : joined
}

function memberOf(name: string, key: unknown, joined: string): string {
  const member =
    typeof key === 'string' ? structured(name, () => parseDictionary(joined)).get(key) : undefined
  if (member === undefined) throw new SignatureFault(`the field ${name} has no such member`)
  return isInnerList(member) ? serializeInnerList(member) : serializeItem(member)
}

/** Fields whose kind is known (RFC 9651, 4.2: only who knows it can read one strictly). */
const KINDS: ReadonlyMap<string, 'dictionary' | 'list' | 'item'> = new Map([
  ['accept-signature', 'dictionary'],
  ['cache-status', 'list'],
  ['cdn-cache-control', 'dictionary'],
  ['client-cert', 'item'],
  ['client-cert-chain', 'list'],
  ['content-digest', 'dictionary'],
  ['priority', 'dictionary'],
  ['proxy-status', 'list'],
  ['ratelimit', 'list'],
  ['ratelimit-policy', 'list'],
  ['repr-digest', 'dictionary'],
  ['signature', 'dictionary'],
  ['signature-input', 'dictionary'],
  ['want-content-digest', 'dictionary'],
  ['want-repr-digest', 'dictionary'],
])

function strictly(name: string, joined: string): string {
  switch (KINDS.get(name)) {
    case 'dictionary':
      return serializeDictionary(structured(name, () => parseDictionary(joined)))
    case 'list':
      return serializeList(structured(name, () => parseList(joined)))
    case 'item':
      return serializeItem(structured(name, () => parseItem(joined)))
    default:
      throw new SignatureFault(`the field ${name} is not known to be a structured one`)
  }
}

function structured<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch {
    throw new SignatureFault(`the field ${name} is no structured field`)
  }
}

/**
 * The OpenAPI document as it is sent: made when somebody first asks for it, then kept compressed. Asking again costs no more
 * than sending some bytes, or none to whoever has it already.
 */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { notFound } from '../api-error.ts'
import type { Call } from '../call.ts'
import { isKnownTag } from '../conditions.ts'
import type { Reply } from '../reply.ts'
import type { AdminApiServices } from '../services.ts'
import type { Document, Selection } from './document.ts'

export type DocumentForm = 'json' | 'yaml' | 'page'

interface Kept {
  readonly gzip: Buffer
  /** Weak: the bytes differ by content coding. */
  readonly tag: string
}

const compress = promisify(zlib.gzip)
const unpack = promisify(zlib.gunzip)

const types: Readonly<Record<DocumentForm, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  page: 'text/html; charset=utf-8',
}

const forPages = [
  ['Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'"],
  ['X-Content-Type-Options', 'nosniff'],
] as const

// Readable for any page that has a key: upstream says so, and there is nothing to hide in it.
const forPrograms = [['Access-Control-Allow-Origin', '*']] as const

/** By form and selection. Only what there is gets in, so it stays small. */
const kept = new WeakMap<AdminApiServices, Map<string, Promise<Kept | null>>>()

/** Answers the document, or what the query selects of it, in a form. Rejects with 404 when it selects nothing. */
export async function sendDocument(call: Call, form: DocumentForm): Promise<Reply> {
  const selection = { group: call.query.get('extension_group'), version: call.query.get('version') }
  const document = await keptDocument(call.services, form, selection)
  if (document === null) throw notFound('there are no kinds of this group and version')
  const headers = [
    ['ETag', document.tag],
    ['Cache-Control', 'private, no-cache'],
    ['Vary', 'Accept'],
    ...(form === 'page' ? forPages : forPrograms),
  ] as const
  if (isKnownTag(call.headers, document.tag)) return { status: 304, headers }
  return { status: 200, headers, type: types[form], body: { gzip: document.gzip } }
}

function keptDocument(
  services: AdminApiServices,
  form: DocumentForm,
  selection: Selection,
): Promise<Kept | null> {
  let documents = kept.get(services)
  if (documents === undefined) kept.set(services, (documents = new Map()))
  const key = JSON.stringify([form, selection.group, selection.version])
  const known = documents.get(key)
  if (known !== undefined) return known
  const making = make(services, form, selection)
  documents.set(key, making)
  const forget = () => documents.delete(key)
  making.then(document => document === null && forget(), forget)
  return making
}

async function make(
  services: AdminApiServices,
  form: DocumentForm,
  selection: Selection,
): Promise<Kept | null> {
  const text =
    form === 'json' ? await jsonText(services, selection) : await otherText(services, form, selection)
  if (text === null) return null
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 22)
  return { gzip: await compress(text), tag: `W/"${hash}"` }
}

async function jsonText(services: AdminApiServices, selection: Selection): Promise<string | null> {
  const { openApiDocument } = await import('./document.ts')
  const document = await openApiDocument(services, selection)
  return document === null ? null : JSON.stringify(document)
}

/** The other forms are written from the JSON that is kept. */
async function otherText(
  services: AdminApiServices,
  form: DocumentForm,
  selection: Selection,
): Promise<string | null> {
  const json = await keptDocument(services, 'json', selection)
  if (json === null) return null
  const document = JSON.parse((await unpack(json.gzip)).toString()) as Document
  if (form === 'yaml') return (await import('./yaml-text.ts')).yamlText(document)
  return (await import('./page.ts')).documentPage(document)
}

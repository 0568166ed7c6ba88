/** An OpenAPI document as a contract: finds operations, and holds answers against what it says of them. */
import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import type { AdminAnswer } from './gateway.ts'

type Json = Record<string, unknown>

interface Media {
  readonly schema?: unknown
  readonly example?: unknown
}

interface Answer {
  readonly $ref?: string
  readonly content?: Readonly<Record<string, Media>>
}

export interface DocumentedOperation {
  readonly method: string
  readonly path: string
  readonly operationId: string
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, Answer>>
}

export interface OpenApiDocument {
  readonly openapi: string
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, Omit<DocumentedOperation, 'method' | 'path'>>>>
  >
  readonly components: { readonly responses: Readonly<Record<string, Answer>>; readonly schemas: Json }
}

/** Every operation of a document. */
export function operationsOf(document: OpenApiDocument): DocumentedOperation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  )
}

/** Method and path, whatever the names in it are. */
export function keyOf({ method, path }: { readonly method: string; readonly path: string }): string {
  return `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`
}

export class Contract {
  readonly operations: readonly DocumentedOperation[]
  /** Operation → statuses it has answered. */
  readonly seen = new Map<string, number[]>()
  readonly #document: OpenApiDocument
  readonly #byId: ReadonlyMap<string, DocumentedOperation>
  // Not inlined: each schema of a kind is compiled once, not once an operation.
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, inlineRefs: false })
  readonly #checks = new Map<string, ValidateFunction>()

  constructor(document: OpenApiDocument) {
    this.#document = document
    this.operations = operationsOf(document)
    this.#byId = new Map(this.operations.map(operation => [operation.operationId, operation]))
    this.#ajv.addSchema(document as unknown as Json, 'document')
  }

  has(operationId: string): boolean {
    return this.#byId.has(operationId)
  }

  operation(operationId: string): DocumentedOperation {
    const operation = this.#byId.get(operationId)
    assert.ok(operation, `the document has no operation ${operationId}`)
    return operation
  }

  /** Fails unless the answer is one the document promises: status, media type and shape. */
  check({ operationId, responses }: DocumentedOperation, answer: AdminAnswer): void {
    const { status, headers, text } = answer
    const where = `${operationId} answered ${status} ${text.slice(0, 300)}`
    this.seen.set(operationId, [...(this.seen.get(operationId) ?? []), status])
    const documented = responses[String(status)]
    assert.ok(documented, `${where}, which is not documented`)
    const content = this.#answer(documented).content
    if (content === undefined) {
      assert.equal(text, '', where)
      return
    }
    const type = (headers.get('content-type') ?? '').split(';', 1)[0]!
    assert.ok(Object.hasOwn(content, type), `${where}: ${type} is not documented`)
    const at = documented.$ref?.slice(1) ?? pointer(this.operation(operationId), status)
    const check = this.#checkFor(`document#${at}/content/${escaped(type)}/schema`)
    for (const value of valuesOf(type, text)) assert.ok(check(value), `${where}: ${faults(check)}`)
    if (status >= 400) assert.ok(headers.get('otoroshi-error-reason'), `${where} without a reason`)
  }

  /** Fails unless the value fits a schema of the document. */
  checkShape(schema: string, value: unknown): void {
    const check = this.#checkFor(`document#/components/schemas/${escaped(schema)}`)
    assert.ok(check(value), `${JSON.stringify(value).slice(0, 300)} is no ${schema}: ${faults(check)}`)
  }

  #answer(answer: Answer): Answer {
    if (answer.$ref === undefined) return answer
    return this.#document.components.responses[answer.$ref.split('/').at(-1)!]!
  }

  #checkFor(reference: string): ValidateFunction {
    let check = this.#checks.get(reference)
    if (check === undefined) {
      check = this.#ajv.compile({ $ref: reference })
      this.#checks.set(reference, check)
    }
    return check
  }
}

function pointer({ path, method }: DocumentedOperation, status: number): string {
  return `/paths/${escaped(path)}/${method.toLowerCase()}/responses/${status}`
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
}

function valuesOf(type: string, text: string): unknown[] {
  if (type === 'application/x-ndjson')
    return text
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line))
  if (type === 'application/yaml') return [parse(text, { maxAliasCount: 0 })]
  return [type === 'application/json' ? JSON.parse(text) : text]
}

function faults({ errors }: ValidateFunction): string {
  return (errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`).join('; ')
}

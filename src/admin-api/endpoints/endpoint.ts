/**
 * What the admin API offers, declared once: the same rows route the calls and make the OpenAPI document (law 8).
 *
 * An endpoint has a path of its own. A kind endpoint holds for every kind that offers the operation; its path goes on behind
 * that of the kind, and in its texts and schemas `{kind}` stands for the kind (`{kinds}` for its plural).
 */
import type { EntityAccess, EntityDefinition } from '../../model/entity.ts'
import type { Call } from '../call.ts'
import type { Reply } from '../reply.ts'
import type { ParameterName } from './parameters.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** JSON Schema (2020-12). */
export type Shape = Readonly<Record<string, unknown>>

/** Media type → what a body of it holds; of NDJSON: what a line holds. */
export type Content = Readonly<Record<string, Shape>>

export interface RequestBody {
  readonly description: string
  readonly content: Content
  /** One that is accepted as it stands, without secrets. */
  readonly example?: unknown
  /** False: the operation does without. Default true. */
  readonly required?: boolean
}

export interface Success {
  readonly description: string
  /** Absent: no body. */
  readonly content?: Content
  /** Name of a header field → what it says. */
  readonly headers?: Readonly<Record<string, string>>
}

/** An operation as a client sees it. */
export interface Operation {
  readonly method: Method
  /** `{name}` stands for one part, whatever it is; fixed parts win. */
  readonly path: string
  /** Unique name; upstream's where it has the operation. */
  readonly id: string
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly ParameterName[]
  readonly body?: RequestBody
  /** By status. */
  readonly answers: Readonly<Record<number, Success>>
  /** Statuses of refusals, besides those that every operation may answer. */
  readonly refusals?: readonly number[]
}

export interface Endpoint extends Operation {
  readonly tag: string
  /** `parts`: what stands in the place of the names of the path, in their order. */
  answer(call: Call, ...parts: string[]): Promise<Reply>
}

export interface KindEndpoint extends Operation {
  /** Whether a kind with this access offers it; absent: every kind does. */
  offered?(access: EntityAccess): boolean
  answer(call: Call, definition: EntityDefinition, ...parts: string[]): Promise<Reply>
}

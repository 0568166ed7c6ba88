/** A GraphQL request over HTTP, and what is answered to one that is refused. */
import type { FullAnswer } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'

export interface AskedQuery {
  readonly query: string
  readonly operationName: string | null
  readonly variables: Readonly<Record<string, unknown>>
}

type Json = Readonly<Record<string, unknown>>

/** The request in a body; a text says what is wrong with it. */
export function askedQuery(body: Buffer): AskedQuery | string {
  let json: unknown
  try {
    json = JSON.parse(body.toString())
  } catch {
    return 'the body is not JSON'
  }
  if (!isObject(json)) return 'the body is not one JSON object'
  const { query, operationName, variables } = json
  if (typeof query !== 'string' || query.trim() === '') return 'query field missing'
  const name = typeof operationName === 'string' && operationName !== '' ? operationName : null
  return { query, operationName: name, variables: isObject(variables) ? variables : {} }
}

/** 400: there is no query. */
export const noQuery = (error: string): FullAnswer => bareError(400, 'graphql.bad_request', { error })

/** 200 with errors, as GraphQL tells them. */
export const refusedQuery = (messages: readonly string[]): FullAnswer =>
  bareError(200, 'graphql.refused', { data: null, errors: messages.map(message => ({ message })) })

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

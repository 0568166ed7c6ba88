/** Queries of clients, checked before anything is asked: they are read, fit the schema, and are not too costly. */
import { type DocumentNode, type GraphQLSchema, parse, validate } from 'graphql'
import { costOf } from './query-cost.ts'

/** Words of the longest query: checks of some rules take the square of them. */
const MOST_TOKENS = 5_000
const MOST_ERRORS = 20

export interface QueryLimits {
  readonly max_depth: number
  readonly max_complexity: number
}

/** The query, read and checked; else sentences that say what is wrong. */
export function checkedQuery(
  query: string,
  schema: GraphQLSchema,
  limits: QueryLimits,
): DocumentNode | readonly string[] {
  let document: DocumentNode
  try {
    document = parse(query, { maxTokens: MOST_TOKENS, noLocation: false })
  } catch (error) {
    return [(error as Error).message]
  }
  const errors = validate(schema, document, undefined, { maxErrors: MOST_ERRORS })
  if (errors.length > 0) return errors.map(({ message }) => message)
  const { depth, fields } = costOf(document)
  if (depth > limits.max_depth) return [`query is too deep: ${depth}, ${limits.max_depth} allowed`]
  if (fields > limits.max_complexity)
    return [`query is too complex: ${fields}, ${limits.max_complexity} allowed`]
  return document
}

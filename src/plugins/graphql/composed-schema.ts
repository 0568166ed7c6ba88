/** A schema whose fields are resolved by the sources of its directives, behind their guards. */
import {
  buildSchema,
  defaultFieldResolver,
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isListType,
  isObjectType,
} from 'graphql'
import { directivesOf, DIRECTIVES, GUARDS, SOURCES } from './directives.ts'
import { fieldGuard, type GuardFacts } from './field-guards.ts'
import { fieldSource, type QueryRun, type SourceServices } from './field-sources.ts'

/** What resolvers get. */
export interface ComposedRun extends QueryRun, GuardFacts {}

/** Builds it. Throws a sentence that names what is wrong with the schema. */
export function composedSchema(sdl: string, services: SourceServices): GraphQLSchema {
  const schema = buildSchema(`${DIRECTIVES}\n${sdl}`)
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields())) {
      try {
        field.resolve = resolverOf(field, services)
      } catch (error) {
        throw new Error(`${type.name}.${field.name}: ${(error as Error).message}`)
      }
    }
  }
  return schema
}

type Resolver = GraphQLFieldResolver<unknown, ComposedRun, Record<string, unknown>>

function resolverOf(field: GraphQLField<unknown, ComposedRun>, services: SourceServices): Resolver {
  const own = field.astNode?.directives
  const named = getNamedType(field.type)
  // What is said of a type holds for the fields that lead to it.
  const ofType = isObjectType(named) ? named.astNode?.directives : undefined
  const sources = directivesOf(own, SOURCES)
  const [directive] = sources.length > 0 ? sources : directivesOf(ofType, SOURCES)
  const source = directive === undefined ? null : fieldSource(directive, services)
  const guard = fieldGuard([...directivesOf(own, GUARDS), ...directivesOf(ofType, GUARDS)])
  const list = isListType(getNullableType(field.type))
  return (item, params, run, info) => {
    const hidden = guard?.(run)
    if (hidden !== undefined) return hidden.instead
    return source === null
      ? defaultFieldResolver(item, params, run, info)
      : source(run, { params, item, list })
  }
}

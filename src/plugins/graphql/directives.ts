/** The directives that say where the values of a composed schema come from, and who may see them. */
import { type ConstDirectiveNode, Kind, valueFromASTUntyped } from 'graphql'

/** In front of every schema. Upstream's spellings. */
export const DIRECTIVES = `
directive @rest(url: String!, method: String, headers: String, timeout: Int, response_path: String, response_filter: String, limit: Int, offset: Int, paginate: Boolean) on FIELD_DEFINITION | OBJECT
directive @graphql(url: String!, query: String, headers: String, timeout: Int, response_path: String, method: String) on FIELD_DEFINITION | OBJECT
directive @json(data: String, path: String, paginate: Boolean) on FIELD_DEFINITION | OBJECT
directive @mock(url: String) on FIELD_DEFINITION | OBJECT
directive @soap(url: String!, envelope: String!, action: String, preserve_query: Boolean, charset: String, convert_request_body_to_xml: Boolean, jq_request_filter: String, jq_response_filter: String) on FIELD_DEFINITION | OBJECT
directive @wasm(wasm_source_kind: String, wasm_source_path: String, wasm_function_name: String, wasm_memory_pages: Int, wasm_allowed_hosts: [String!], wasm_wasi: Boolean) on FIELD_DEFINITION | OBJECT
directive @permission(value: String!, unauthorized_value: String) on FIELD_DEFINITION | OBJECT
directive @allpermissions(values: [String!]!, unauthorized_value: String) on FIELD_DEFINITION | OBJECT
directive @onePermissionsOf(values: [String!]!, unauthorized_value: String) on FIELD_DEFINITION | OBJECT
directive @authorize(path: String!, value: String!, unauthorized_value: String) on FIELD_DEFINITION | OBJECT
`

export const SOURCES = ['rest', 'graphql', 'json', 'mock', 'soap', 'wasm'] as const
export const GUARDS = ['permission', 'allpermissions', 'onePermissionsOf', 'authorize'] as const

/** A directive with its values. */
export interface Directive {
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
}

/** The directives of these names, in order. */
export function directivesOf(
  nodes: readonly ConstDirectiveNode[] | undefined,
  names: readonly string[],
): readonly Directive[] {
  return (nodes ?? [])
    .filter(node => names.includes(node.name.value))
    .map(node => ({
      name: node.name.value,
      values: Object.fromEntries(
        (node.arguments ?? [])
          .filter(({ value }) => value.kind !== Kind.NULL)
          .map(({ name, value }) => [name.value, valueFromASTUntyped(value)]),
      ),
    }))
}

/** A text of a directive; undefined when it is not given. */
export function textOf({ values }: Directive, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

/** A number of a directive, at least 1. */
export function numberOf({ values }: Directive, name: string): number | undefined {
  const value = values[name]
  return typeof value === 'number' && value >= 1 ? value : undefined
}

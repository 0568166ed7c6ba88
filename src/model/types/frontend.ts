import { schema as v } from '../../schema/index.ts'
import { emptyMap, emptyTexts, field, flag, textMap, texts } from './fields.ts'
import { isObject } from './shape.ts'

/** Which calls a route accepts. */
export const frontendSchema = v.looseObject({
  domains: field(
    texts,
    emptyTexts,
    'Host with an optional path, such as `api.example.com/v1`; `*` in hosts, `:name` and `$name<regex>` in paths',
  ),
  strip_path: field(flag, true, 'Remove the matched path before forwarding'),
  exact: field(flag, false, 'The path must match wholly, not as a prefix'),
  headers: field(
    textMap,
    emptyMap,
    'Header values a call must have: plain, Regex(…), Wildcard(…), Exists() …',
  ),
  cookies: field(textMap, emptyMap, 'The same for cookies'),
  query: field(textMap, emptyMap, 'The same for query parameters'),
  methods: field(texts, emptyTexts, 'Accepted methods; none listed means all'),
})
export type Frontend = v.InferOutput<typeof frontendSchema>

/** Accepts `domain` (one text) in place of `domains`. */
export function normalizeFrontend(input: unknown): unknown {
  if (!isObject(input) || typeof input['domain'] !== 'string' || Array.isArray(input['domains'])) return input
  const { domain, ...rest } = input
  return { ...rest, domains: [domain] }
}

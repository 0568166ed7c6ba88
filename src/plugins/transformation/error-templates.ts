/** The templates of the error rewriter, and which of them an answer gets. */
import type { Exchange, PluginServices } from '../../plugin/index.ts'
import { kindOf, type PageTemplate, pageTemplate } from './page-template.ts'

export interface ErrorText {
  readonly type: string
  readonly render: PageTemplate
}

/** Names of the values that templates may hold besides expressions. */
const VALUES = ['error_id', 'snowflake', 'status', 'status_text']
const MOST_TYPES = 20

/** The text for a status and a client, or null when the templates have none for it. */
export type ErrorTexts = (status: number, exchange: Exchange) => ErrorText | null

/** Compiles templates. `expressions`: evaluate them. `always`: `default` is for clients of any kind. */
export function errorTexts(
  templates: Readonly<Record<string, string>>,
  expressions: boolean,
  always: boolean,
  services: PluginServices,
): ErrorTexts {
  const compiled = new Map<string, ErrorText>()
  for (const [key, text] of Object.entries(templates)) {
    const type =
      /^(?:(?:default|\d{3})-)?([a-z*][\w.+-]*\/[\w.+*-]+)$/i.exec(key)?.[1]?.toLowerCase() ?? guessed(text)
    compiled.set(key.toLowerCase(), {
      type,
      render: pageTemplate(text, kindOf(type), services, VALUES, expressions),
    })
  }
  return (status, { request }) => {
    const types = acceptedTypes(request.headers.getAll('accept'))
    const html = types.includes('text/html')
    const keys = [
      ...types.map(type => `${status}-${type}`),
      ...types.flatMap(type => [type, `default-${type}`]),
      ...(html || always ? [String(status), 'default'] : []),
    ]
    for (const key of keys) {
      const found = compiled.get(key)
      if (found !== undefined) return found
    }
    return null
  }
}

/** Types in the order in which the client names them. */
function acceptedTypes(fields: readonly string[]): string[] {
  return fields
    .join(',')
    .split(',', MOST_TYPES)
    .map(element => element.split(';', 1)[0]!.trim().toLowerCase())
    .filter(type => type !== '' && type !== '*/*')
}

/** Type of a template whose name does not tell. */
function guessed(text: string): string {
  const first = text.trimStart()[0] ?? ''
  if (first === '<') return 'text/html'
  return first === '{' || first === '[' ? 'application/json' : 'text/plain'
}

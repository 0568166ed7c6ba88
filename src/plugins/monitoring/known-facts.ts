/** What extractors have found out about a client, shown to the client or to the backend. */
import { checkField } from '../../http/headers.ts'
import { answerJson, type AttributeKey, type PluginInstance } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { asciiJson } from '../ascii-json.ts'

type Facts = AttributeKey<Readonly<Record<string, unknown>>>

/** Answers `GET` of the path with the facts. `missing`: what is said when there are none; null lets the request go on. */
export function factsEndpoint(path: string, facts: Facts, missing: string | null): PluginInstance {
  return {
    request({ request, attributes }) {
      if (request.method !== 'GET' || request.path !== path) return undefined
      const known = attributes.get(facts)
      if (known !== undefined) return answerJson(200, known)
      return missing === null ? undefined : bareError(404, 'not_found', { error: missing })
    },
  }
}

/** Tells the backend the facts as JSON; what the client sent under the name never counts. Throws on a name that is none. */
export function factsField(name: string, facts: Facts): PluginInstance {
  const field = name.trim()
  checkField(field, '')
  return {
    request({ upstream, attributes }) {
      const known = attributes.get(facts)
      if (known === undefined) upstream.headers.delete(field.toLowerCase())
      // Names of places hold what header fields cannot.
      else upstream.headers.set(field, asciiJson(known))
    },
  }
}

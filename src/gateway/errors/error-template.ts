/** Error templates compiled from their entity: the page of a cause, and texts in the words of the owner. */
import type { Refusal } from '../../plugin/answer.ts'
import { compileWildcard } from '../balancing/index.ts'
import { escapeHtml } from './error-page.ts'

/** The fields of an error template entity that rendering looks at. */
export interface ErrorTemplateJson {
  readonly template40x: string
  readonly template50x: string
  readonly templateBuild: string
  readonly templateMaintenance: string
  readonly genericTemplates: Readonly<Record<string, string>>
  readonly messages: Readonly<Record<string, string>>
}

export interface ErrorTexts {
  /** The message in the owner's words, or the raw one. */
  readonly message: string
  readonly cause: string
}

export interface ErrorTemplate {
  texts(refusal: Refusal): ErrorTexts
  /** The page with its variables replaced; every value is escaped. */
  html(refusal: Refusal, errorId: string): string
}

/** Compiles a template. `json` has passed the schema of its kind. */
export function compileErrorTemplate(json: ErrorTemplateJson): ErrorTemplate {
  const generic = Object.entries(json.genericTemplates).map(([pattern, page]) => ({
    matches: compileWildcard(pattern),
    page,
  }))
  const pageOf = (refusal: Refusal): string => {
    if (Object.hasOwn(json.genericTemplates, refusal.cause)) return json.genericTemplates[refusal.cause]!
    const matching = generic.find(entry => entry.matches(refusal.cause))
    if (matching !== undefined) return matching.page
    if (refusal.cause === 'errors.service.in.maintenance') return json.templateMaintenance
    if (refusal.cause === 'errors.service.under.construction') return json.templateBuild
    return refusal.status >= 400 && refusal.status < 500 ? json.template40x : json.template50x
  }
  const texts = (refusal: Refusal): ErrorTexts => ({
    message: own(json.messages, `message-${refusal.status}`) ?? refusal.message,
    cause: own(json.messages, refusal.cause) ?? (refusal.cause === '' ? '--' : refusal.cause),
  })
  return {
    texts,
    html(refusal, errorId) {
      const { message, cause } = texts(refusal)
      const values: Readonly<Record<string, string>> = {
        message,
        cause,
        otoroshiMessage: refusal.message,
        errorId,
        status: String(refusal.status),
      }
      return pageOf(refusal).replace(/\$\{(message|cause|otoroshiMessage|errorId|status)\}/g, (_, name) =>
        escapeHtml(values[name]!),
      )
    },
  }
}

function own(map: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

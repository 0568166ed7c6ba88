/** jq filters in settings: compiled before the route serves, applied to the bodies of requests and answers. */
import type { Exchange, FullAnswer, ReasonCode } from '../../plugin/index.ts'
import { type JobFault, type Outcome, workbench } from '../../transform/index.ts'
import { bareError } from '../bare-error.ts'
import { pluginContext } from '../plugin-context.ts'

/** Longest result, in characters, as a multiple of the longest body that is read. */
export const GROWTH = 4

/** Which body a filter works on. */
export type BodySide = 'request' | 'response'

export { prepareFilters } from '../jq-filter.ts'

/** A filter of one plugin. */
export interface BodyFilter {
  /** What the filter makes of a JSON text. */
  apply(exchange: Exchange, side: BodySide, text: string): Promise<Outcome>
}

/** Null for no filter. `limit`: longest body that is read, bytes. */
export function bodyFilter(filter: string | null, config: unknown, limit: number): BodyFilter | null {
  if (filter === null || filter.trim() === '') return null
  const wantsContext = filter.includes('$context')
  return {
    apply(exchange, side, text) {
      const context = wantsContext
        ? JSON.stringify(pluginContext(exchange, config, side === 'response'))
        : '{}'
      return workbench().run({ kind: 'filter', filter, input: text, context }, limit * GROWTH)
    },
  }
}

type Failure = Extract<Outcome, { readonly ok: false }>

/** Status and reason of a failure. */
export function failureOf(fault: JobFault, side: BodySide): readonly [status: number, reason: ReasonCode] {
  if (fault === 'busy') return [503, 'transform.busy']
  if (fault !== 'bad_input') return [500, 'transform.failed']
  return side === 'request' ? [400, 'transform.bad_request_body'] : [502, 'transform.bad_response_body']
}

/**
 * The answer in place of one that could not be filtered. The details of a failed answer are for the log: they may hold what
 * the filter was to take out.
 */
export function filterFailed(failure: Failure, side: BodySide): FullAnswer {
  const [status, reason] = failureOf(failure.fault, side)
  return bareError(status, reason, {
    error: `error while transforming ${side} body`,
    details: side === 'request' || failure.fault === 'busy' ? failure.details : [sentences[failure.fault]],
  })
}

const sentences: Readonly<Record<JobFault, string>> = {
  bad_input: 'the body is not JSON',
  bad_filter: 'the filter does not compile',
  failed: 'the filter failed on this body',
  too_large: 'the result is too long',
  too_slow: 'the filter took too long',
  busy: 'too many bodies wait',
  broken: 'the filter could not be run',
}
